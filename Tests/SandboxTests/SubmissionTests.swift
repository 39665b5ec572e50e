import Foundation
import Testing

@testable import Sandbox

struct SubmissionTests {
    @Test func aBatchIsAcceptedOnceAndItsRepeatsAreAnsweredAlike() async throws {
        try await Sandbox.withServer { sandbox, address in
            let client = try await TestClient(address)
            let first = try await client.account("A", reference: "account-1")
            #expect(first.status == 202)
            #expect(try first.object()["status"] as? String == "Queued")
            let location = try #require(first.headers["location"])
            #expect(location.hasPrefix("/sync/v1/status/"))

            let second = try await client.account("A", reference: "account-1")
            #expect(second.status == 202)
            #expect(second.headers["location"] == location)
            #expect(second.body == first.body)

            let accepted = try #require(sandbox.accepted.first)
            #expect(sandbox.accepted.count == 1)
            #expect(accepted.reference == "account-1")
            #expect(accepted.kind == .account)
            #expect(accepted.records == 1)
            #expect((accepted.acceptances, accepted.repeats, accepted.mismatches) == (1, 1, 0))
            #expect(sandbox.books.accounts["A"]?.times == 1)
        }
    }

    @Test func aReferenceTakesNoOtherContent() async throws {
        try await Sandbox.withServer { sandbox, address in
            let client = try await TestClient(address)
            _ = try await client.account("A", reference: "one")
            #expect(try await client.account("A", reference: "one", status: "Hold").status == 409)
            #expect(sandbox.accepted.map(\.mismatches) == [1])
            #expect(sandbox.books.accounts["A"]?.record.contains("Active") == true)
        }
    }

    @Test func aReferenceThatAnotherBodyCameUnderIsNamedThoughNeitherWasAccepted() async throws {
        try await Sandbox.withServer { sandbox, address in
            sandbox.script([.status(503), .status(503), .status(503)])
            let client = try await TestClient(address)
            for status in ["Active", "Active", "Hold"] {
                #expect(try await client.account("A", reference: "one", status: status).status == 503)
                #expect(sandbox.ambiguousReferences == (status == "Hold" ? ["one"] : []))
            }
            _ = try await client.account("A", reference: "two")
            #expect(sandbox.ambiguousReferences == ["one"])
            let page = try await TestClient(tokenless: address).get("/sandbox/accepted").object()
            #expect(page["ambiguous"] as? [String] == ["one"])
            let hashes = sandbox.requests.compactMap(\.sha256)
            #expect(hashes.count == 4 && hashes[0] == hashes[1] && hashes[1] != hashes[2])
        }
    }

    @Test func aReferenceIsFreeForAnotherKind() async throws {
        try await Sandbox.withServer { sandbox, address in
            let client = try await TestClient(address)
            let payment = #"{"batchReferenceId":"one","payments":[{"clientReferenceId":"A"}]}"#
            #expect(try await client.account("A", reference: "one").status == 202)
            #expect(try await client.put(.payment, payment).status == 202)
            #expect(sandbox.accepted.map(\.kind) == [.account, .payment])
        }
    }

    @Test func theStatusURITellsOfEachRecord() async throws {
        try await Sandbox.withServer { sandbox, address in
            sandbox.rejectRecords(of: "B", message: "No such brand")
            let client = try await TestClient(address)
            let body = #"{"batchReferenceId":"one","payments":[{"clientReferenceId":"A"},{"clientReferenceId":"B"}]}"#
            let location = try #require(try await client.put(.payment, body).headers["location"])
            let status = try await client.get(location).object()
            #expect(status["batchReferenceId"] as? String == "one")
            #expect(status["status"] as? String == "Completed")
            #expect(
                status["records"] as? [[String: String]] == [
                    ["clientReferenceId": "A", "status": "Accepted"],
                    ["clientReferenceId": "B", "status": "Rejected", "message": "No such brand"],
                ])
            #expect(sandbox.books.payments.map(\.clientReferenceId) == ["A"])
            #expect(try await client.get("/sync/v1/status/unknown").status == 404)
        }
    }

    @Test func aBatchIsAppliedWhenItsDelayIsOver() async throws {
        let time = ManualClock()
        let options = SandboxOptions(faults: try FaultPlan(parsing: "async:10s"))
        try await Sandbox.withServer(options, clock: time.clock) { sandbox, address in
            let client = try await TestClient(address)
            let location = try #require(try await client.account("A", reference: "one").headers["location"])
            for (advance, status) in [(0, "Queued"), (5, "Processing"), (5, "Completed")] {
                time.advance(by: .seconds(advance))
                #expect(try await client.get(location).object()["status"] as? String == status)
                #expect(sandbox.books.accounts.isEmpty == (status != "Completed"))
            }
        }
    }

    @Test func batchesWithADelayAreAppliedInTheOrderInWhichTheyFallDue() {
        var memory = AcceptanceMemory()
        func batch(_ reference: String) -> Batch {
            let body = Data(TestClient.account("A", reference: reference, status: "Active").utf8)
            return Batch(
                kind: .account, reference: reference, sha256: reference,
                identities: [RecordIdentity(clientReferenceId: "A")], content: .json(body))
        }
        _ = memory.receive(batch("slow"), at: .zero, applyAfter: .seconds(9), rejections: [:])
        _ = memory.receive(batch("fast"), at: .zero, applyAfter: .seconds(2), rejections: [:])
        #expect(memory.applied == [])
        memory.settle(upTo: .seconds(5))
        #expect(memory.applied == [1])
        memory.settle(upTo: .seconds(9))
        #expect(Books(applied: memory.applied.map { memory.entries[$0] }).accounts["A"]?.reference == "slow")
    }

    @Test func thePaymentThatIsAppliedTwiceIsSeen() async throws {
        try await Sandbox.withServer { sandbox, address in
            let client = try await TestClient(address)
            let record = #"{"clientReferenceId":"A","amount":1.10}"#
            let same = #"{"amount": 1.1, "clientReferenceId": "A"}"#
            _ = try await client.put(.payment, #"{"batchReferenceId":"one","payments":[\#(record)]}"#)
            _ = try await client.put(.payment, #"{"batchReferenceId":"two","payments":[\#(same)]}"#)
            #expect(sandbox.books.payments.map(\.count) == [2])
            #expect(sandbox.books.payments.first?.references == ["one", "two"])
        }
    }

    @Test func manyAtOnceAreEachAcceptedOnce() async throws {
        try await Sandbox.withServer(SandboxOptions(requestsPerMinute: nil)) { sandbox, address in
            let client = try await TestClient(address)
            try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 0..<400 {
                    group.addTask { try await client.account("A\(number / 2)", reference: "r\(number / 2)").status }
                }
                for try await status in group { #expect(status == 202) }
            }
            #expect(sandbox.accepted.count == 200)
            #expect(sandbox.accepted.allSatisfy { $0.acceptances == 1 && $0.repeats == 1 })
            #expect(sandbox.requestCount == 401)
        }
    }
}
