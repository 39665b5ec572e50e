import Foundation
import Testing

@testable import Sandbox

struct BatchCheckTests {
    /// A complaint's pointer, for a record of the kind; `nil` where the record fits.
    private static let records: [(SubmissionKind, String, String?)] = [
        (.account, #"{"clientReferenceId":"A","invoiceNumber":"1"}"#, nil),
        (.account, #"{"clientReferenceId":"A","invoiceNumber":null,"minimumOfferAmount":null,"note":[1]}"#, nil),
        (.account, #"{"clientReferenceId":"A","invoiceNumber":null,"outstandingAmount":0,"brand":null}"#, nil),
        (.account, #"{"invoiceNumber":"1"}"#, "/accounts/0/clientReferenceId"),
        (.account, #"{"clientReferenceId":"","invoiceNumber":"1"}"#, "/accounts/0/clientReferenceId"),
        (.account, #"{"clientReferenceId":7,"invoiceNumber":"1"}"#, "/accounts/0/clientReferenceId"),
        (.account, #"{"clientReferenceId":"A"}"#, "/accounts/0/invoiceNumber"),
        (.account, #"{"clientReferenceId":"A","invoiceNumber":1}"#, "/accounts/0/invoiceNumber"),
        (
            .account, #"{"clientReferenceId":"A","invoiceNumber":"1","outstandingAmount":-0.01}"#,
            "/accounts/0/outstandingAmount"
        ),
        (
            .account, #"{"clientReferenceId":"A","invoiceNumber":"1","outstandingAmount":"5"}"#,
            "/accounts/0/outstandingAmount"
        ),
        (
            .account, #"{"clientReferenceId":"A","invoiceNumber":"1","outstandingAmount":true}"#,
            "/accounts/0/outstandingAmount"
        ),
        (
            .account, #"{"clientReferenceId":"A","invoiceNumber":"1","minimumOfferAmount":0}"#,
            "/accounts/0/minimumOfferAmount"
        ),
        (.account, #"{"clientReferenceId":"A","invoiceNumber":"1","status":"active"}"#, "/accounts/0/status"),
        (.account, #"{"clientReferenceId":"A","invoiceNumber":"1","currency":1}"#, "/accounts/0/currency"),
        (.account, "7", "/accounts/0"),
        (.payment, #"{"clientReferenceId":"A","anything":{"goes":true}}"#, nil),
        (.payment, #"{"amount":5}"#, "/payments/0/clientReferenceId"),
        (.claim, #"{"claimNumber":"C","status":"Open","excessAmount":null}"#, nil),
        (.claim, #"{"status":"Open"}"#, "/thirdPartyClaims/0/claimNumber"),
        (.claim, #"{"claimNumber":"C"}"#, "/thirdPartyClaims/0/status"),
        (.claim, #"{"claimNumber":"C","status":"Open","excessAmount":-1}"#, "/thirdPartyClaims/0/excessAmount"),
    ]

    @Test(arguments: records)
    func aRecordIsLookedAt(kind: SubmissionKind, record: String, pointer: String?) {
        let array = RecordShape.shape(of: kind).array
        let body = Data(#"{"batchReferenceId":"one","\#(array)":[\#(record)]}"#.utf8)
        switch BatchCheck.check(body, kind: kind, sha256: "") {
        case .fits: #expect(pointer == nil)
        case .refused(let errors): #expect(errors.map(\.pointer) == [pointer])
        }
    }

    @Test(arguments: [
        ("{", [""]), ("[]", [""]), ("{}", ["/batchReferenceId", "/payments"]),
        (#"{"batchReferenceId":"","payments":[{"clientReferenceId":"A"}]}"#, ["/batchReferenceId"]),
        (#"{"batchReferenceId":"one","payments":[]}"#, ["/payments"]),
        (#"{"batchReferenceId":"one","payments":{}}"#, ["/payments"]),
        (#"{"batchReferenceId":"one","accounts":[{"clientReferenceId":"A"}]}"#, ["/payments"]),
    ])
    func aBodyIsLookedAt(body: String, pointers: [String]) async throws {
        try await Sandbox.withServer { sandbox, address in
            let answer = try await TestClient(address).put(.payment, body)
            #expect(answer.status == 400)
            #expect(answer.headers["content-type"] == "application/problem+json")
            #expect(try answer.object()["status"] as? Int == 400)
            #expect(try answer.pointers() == pointers)
            #expect(sandbox.accepted.isEmpty)
        }
    }

    @Test(arguments: [(150, true), (151, false)])
    func aReferenceHasAtMost150Characters(length: Int, fits: Bool) {
        let reference = String(repeating: "ü", count: length)
        let body = Data(#"{"batchReferenceId":"\#(reference)","payments":[{"clientReferenceId":"A"}]}"#.utf8)
        switch BatchCheck.check(body, kind: .payment, sha256: "") {
        case .fits: #expect(fits)
        case .refused(let errors): #expect(!fits && errors.map(\.pointer) == ["/batchReferenceId"])
        }
    }

    @Test func aRefusedReferenceCanBeUsedAgain() async throws {
        try await Sandbox.withServer { _, address in
            let client = try await TestClient(address)
            #expect(try await client.put(.payment, #"{"batchReferenceId":"one","payments":[{}]}"#).status == 400)
            let good = #"{"batchReferenceId":"one","payments":[{"clientReferenceId":"A"}]}"#
            #expect(try await client.put(.payment, good).status == 202)
        }
    }
}
