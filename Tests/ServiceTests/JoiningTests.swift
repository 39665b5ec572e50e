import Foundation
import JSONText
import Model
import Sandbox
import Testing
import TestSupport

/// `batching: {mode: backlog}`: more documents wait than the rate can carry.
@Suite(.timeLimit(.minutes(5))) struct JoiningTests {
    private static func top(rate: Int = 30, records: Int = 5000) -> String {
        """
        retry: {base: 10ms, cap: 20ms}
        limits: {requestsPerMinute: \(rate)}
        batching: {mode: backlog, records: \(records)}
        """
    }

    /// A schema that lets through what the API refuses.
    private static let lenient = #"{"$schema": "https://json-schema.org/draft/2020-12/schema"}"#

    private static func account(_ reference: String, status: String = "Active") -> String {
        #"{"accounts": [{"clientReferenceId": "\#(reference)", "invoiceNumber": "1", "outstandingAmount": 1, "status": "\#(status)"}]}"#
    }

    private static func run(
        top: String = top(), inbox: String = "", api: [String] = [],
        options: SandboxOptions = SandboxOptions(requestsPerMinute: nil),
        _ body: @escaping @Sendable (Stage) async throws -> Void
    ) async throws {
        try await Sandbox.withServer(options) { sandbox, address in
            let stage = try Stage(sandbox: sandbox, address: address)
            try stage.folder.url.write(lenient, as: "lenient.json")
            try stage.writeConfiguration(top: top, inbox: "schema: {json: lenient.json}\n" + inbox, api: api)
            try await body(stage)
        }
    }

    private static func submissions(_ stage: Stage) -> Int {
        stage.sandbox.requests.count { $0.path.hasSuffix("/v1/account") }
    }

    @Test func documentsShareRequestsAndEachHasAResultOfItsOwn() async throws {
        try await Self.run { stage in
            for number in 0..<200 { try stage.drop(Self.account("A\(number)"), as: "\(number).json") }
            try await stage.whileServing { try await stage.waitForFiled(200) }
            #expect(stage.sandbox.books.accounts.count == 200)
            #expect(stage.sandbox.books.accounts.values.allSatisfy { $0.times == 1 })
            #expect(Self.submissions(stage) < 30, "200 documents, and 30 requests a minute")
            var places: Set<[Int]> = []
            for number in 0..<200 {
                let result = try await stage.result(of: "\(number).json")
                #expect(result.outcome == "accepted" && result.batches.count == 1)
                guard let joined = result.batches.first?["joined"] else { continue }
                #expect(result.batches.first?["records"]?.int == 1)
                let reference = try #require(result.reference)
                let place = joined["place"]?.int ?? 0
                let isNew = places.insert([reference.hashValue, place]).inserted
                #expect(isNew, "a place each")
                #expect(place >= 1 && place <= joined["drops"]?.int ?? 0)
                let books = try #require(stage.sandbox.books.accounts["A\(number)"])
                #expect(books.reference == reference, "what the result names is what brought it")
            }
            #expect(places.count > 150)
        }
    }

    @Test func withoutABacklogEveryDocumentLeavesByItself() async throws {
        try await Self.run(top: Self.top(rate: 1000)) { stage in
            for number in 0..<20 { try stage.drop(Self.account("A\(number)"), as: "\(number).json") }
            try await stage.whileServing { try await stage.waitForFiled(20) }
            #expect(Self.submissions(stage) == 20)
            #expect(stage.filed.allSatisfy { $0.batches.first?.batch.joined == nil })
        }
    }

    @Test func theWorstDocumentFailsAlone() async throws {
        try await Self.run(top: Self.top(rate: 60)) { stage in
            let bad: Set = [17, 83]
            for number in 0..<150 {
                let status = bad.contains(number) ? "Lost" : "Active"
                try stage.drop(Self.account("A\(number)", status: status), as: "\(number).json")
            }
            try await stage.whileServing { try await stage.waitForFiled(150) }
            for number in 0..<150 {
                let result = try await stage.result(of: "\(number).json")
                #expect(result.outcome == (bad.contains(number) ? "failed" : "accepted"), "\(number)")
                guard bad.contains(number) else { continue }
                #expect(result.code == "submit.badRequest")
                #expect(result.batches.first?["joined"] == nil && result.attempts.count == 1)
            }
            #expect(stage.sandbox.books.accounts.count == 148)
            #expect(stage.sandbox.books.accounts.values.allSatisfy { $0.times == 1 })
        }
    }

    @Test func aStopInTheMiddleRepeatsExactlyTheSameRequest() async throws {
        try await Self.run { stage in
            stage.sandbox.script([.hang])
            for number in 0..<100 { try stage.drop(Self.account("A\(number)"), as: "\(number).json") }
            try await stage.whileServing {
                try await stage.sandbox.until { $0.requests.contains { $0.path.hasSuffix("/v1/account") } }
            }
            let before = Self.submissions(stage)
            try await stage.whileServing { try await stage.waitForFiled(100) }
            #expect(stage.sandbox.books.accounts.count == 100)
            #expect(stage.sandbox.books.accounts.values.allSatisfy { $0.times == 1 })
            #expect(Self.submissions(stage) - before < 10, "the drops of one request repeat it once")
        }
    }

    @Test func anOwnReferenceIsNeverJoined() async throws {
        try await Self.run { stage in
            for number in 0..<60 {
                let own = number == 30 ? #""batchReferenceId": "mine", "# : ""
                let document = Self.account("A\(number)").replacing("{\"accounts\"", with: "{\(own)\"accounts\"")
                try stage.drop(document, as: "\(number).json")
            }
            try await stage.whileServing { try await stage.waitForFiled(60) }
            let result = try await stage.result(of: "30.json")
            #expect(result.reference == "mine" && result.batches.first?["joined"] == nil)
            #expect(stage.sandbox.books.accounts.count == 60)
        }
    }

    @Test func theAPIsVerdictOnARecordIsForItsDropAlone() async throws {
        try await Self.run(api: ["confirm: completed"]) { stage in
            stage.sandbox.rejectRecords(of: "A42", message: "The account is closed")
            for number in 0..<100 { try stage.drop(Self.account("A\(number)"), as: "\(number).json") }
            try await stage.whileServing { try await stage.waitForFiled(100) }
            for number in 0..<100 {
                let result = try await stage.result(of: "\(number).json")
                #expect(result.json["confirmed"]?.bool == true, "\(number)")
                #expect(result.code == (number == 42 ? "submit.rejected" : nil), "\(number)")
                if number == 42 { #expect(result.errors.first?["record"]?.string == "A42") }
            }
        }
    }

    private static let failedAsAWhole = ScriptedAnswer.answer(
        200, headers: [:], body: Data(#"{"status": "Failed"}"#.utf8))

    /// One record may be to blame for it, and it is not said which.
    @Test func whatTheAPIRefusesAsAWholeWhenItProcessesItComesApart() async throws {
        try await Self.run(api: ["confirm: completed"]) { stage in
            stage.sandbox.script([Self.failedAsAWhole], for: .status)
            for number in 0..<100 { try stage.drop(Self.account("A\(number)"), as: "\(number).json") }
            try await stage.whileServing { try await stage.waitForFiled(100) }
            #expect(stage.filed.allSatisfy { $0.outcome == .accepted && $0.isConfirmed })
            #expect(stage.sandbox.books.accounts.count == 100)
            #expect(stage.sandbox.books.accounts.values.contains { $0.times == 2 })
            #expect(Self.submissions(stage) < 10, "in halves")
        }
    }

    private static let someWereRefused = ScriptedAnswer.answer(
        200, headers: [:], body: Data(#"{"status": "Completed", "records": [{"status": "Rejected"}]}"#.utf8))

    @Test func whatIsRefusedWithoutANameComesApart() async throws {
        try await Self.run(api: ["confirm: completed"]) { stage in
            stage.sandbox.script([.hang, Self.someWereRefused], for: .status)
            for number in 0..<100 { try stage.drop(Self.account("A\(number)"), as: "\(number).json") }
            try await stage.whileServing { try await stage.sandbox.until { $0.scriptedAnswersLeft == 1 } }
            try await stage.whileServing { try await stage.waitForFiled(100) }
            #expect(stage.filed.allSatisfy { $0.outcome == .accepted && $0.isConfirmed })
        }
    }

    /// A stop between its acceptance and the API's word on it.
    @Test func whatWasRefusedAsAWholeComesApartAfterAStop() async throws {
        try await Self.run(api: ["confirm: completed"]) { stage in
            stage.sandbox.script([.hang, Self.failedAsAWhole], for: .status)
            for number in 0..<100 { try stage.drop(Self.account("A\(number)"), as: "\(number).json") }
            try await stage.whileServing { try await stage.sandbox.until { $0.scriptedAnswersLeft == 1 } }
            try await stage.whileServing { try await stage.waitForFiled(100) }
            #expect(stage.filed.allSatisfy { $0.outcome == .accepted && $0.isConfirmed })
        }
    }

    // MARK: Payments

    /// Nobody knows whether an API takes nothing of what it refuses as a whole.
    @Test func noPaymentIsSentAgainByItself() async throws {
        try await Self.run(api: ["confirm: completed"]) { stage in
            stage.sandbox.script([Self.failedAsAWhole], for: .status)
            for number in 0..<100 { try stage.drop(Self.payments("A\(number)"), as: "\(number).json") }
            try await stage.whileServing { try await stage.waitForFiled(100) }
            #expect(stage.filed.contains { $0.problem?.code == .submitRejected })
            #expect(stage.sandbox.books.payments.allSatisfy { $0.count == 1 })
        }
    }

    /// None of them is taken for accepted, and none is sent again.
    @Test func paymentsOfWhichNobodyKnowsWhichWereRefusedFailTogether() async throws {
        try await Self.run(api: ["confirm: completed"]) { stage in
            stage.sandbox.script([Self.someWereRefused], for: .status)
            for number in 0..<100 { try stage.drop(Self.payments("A\(number)"), as: "\(number).json") }
            try await stage.whileServing {
                try await stage.waitForFiled(100)
                let failed = stage.filed.filter { $0.outcome == .failed }
                #expect(failed.count > 1 && failed.allSatisfy { $0.problem?.code == .submitRejected })
                // They ask again what became of them, and hear it.
                try stage.putBackFailed()
                try await stage.eventuallyAllDone(100)
            }
            #expect(stage.sandbox.books.payments.count == 100)
            #expect(stage.sandbox.books.payments.allSatisfy { $0.count == 1 })
        }
    }

    private static func payments(_ records: String...) -> String {
        let records = records.map { #"{"clientReferenceId": "\#($0)", "amount": 5}"# }
        return #"{"payments": [\#(records.joined(separator: ","))]}"#
    }

    /// What the API took of documents that share a request is not paid again with the corrections of any of them.
    @Test func whatWasTakenOfEachIsLeftOutOfItsCorrection() async throws {
        try await Self.run(api: ["confirm: completed"]) { stage in
            for number in [20, 60] { stage.sandbox.rejectRecords(of: "B\(number)", message: "No such account") }
            for number in 0..<100 { try stage.drop(Self.payments("A\(number)", "B\(number)"), as: "\(number).json") }
            try await stage.whileServing {
                try await stage.waitForFiled(100)
                for number in [20, 60] {
                    #expect(try await stage.result(of: "\(number).json").code == "submit.rejected")
                    try stage.drop(Self.payments("A\(number)", "C\(number)"), as: "corrected-\(number).json")
                }
                try await stage.waitForFiled(102)
            }
            for number in [20, 60] {
                let result = try await stage.result(of: "corrected-\(number).json")
                #expect(result.outcome == "accepted")
                #expect(result.json["alreadyAccepted"].map { Array($0.elements).count } == 1, "\(number)")
            }
            let counts = stage.sandbox.books.payments.filter { $0.clientReferenceId.hasPrefix("A") }.map(\.count)
            #expect(counts.count == 100 && counts.allSatisfy { $0 == 1 })
        }
    }

    /// The API took the request and its answer was lost; what it says then is not about it.
    @Test func whatMayHaveBeenTakenIsRepeatedAfterARefusalForOtherThings() async throws {
        try await Self.run { stage in
            stage.sandbox.script([.closeAfterApply, .status(404)])
            for number in 0..<100 { try stage.drop(Self.payments("A\(number)"), as: "\(number).json") }
            try await stage.whileServing {
                try await stage.waitForFiled(100)
                #expect(stage.filed.count { $0.problem?.code == .submitNotFound } > 50)
                try stage.putBackFailed()
                try await stage.eventuallyAllDone(100)
            }
            let counts = stage.sandbox.books.payments.map(\.count)
            #expect(counts.count == 100 && counts.allSatisfy { $0 == 1 })
        }
    }

    /// Among others it would go under another reference.
    @Test func whatMayHaveBeenTakenAloneIsRepeatedAlone() async throws {
        try await Self.run { stage in
            stage.sandbox.script([.closeAfterApply, .status(404)])
            try stage.drop(Self.payments("A0"), as: "0.json")
            try await stage.whileServing {
                try await stage.waitForFiled(1)
                #expect(stage.filed.first?.problem?.code == .submitNotFound)
                for number in 1..<100 { try stage.drop(Self.payments("A\(number)"), as: "\(number).json") }
                try stage.putBack("0.json")
                try await stage.eventuallyAllDone(100)
            }
            let counts = stage.sandbox.books.payments.map(\.count)
            #expect(counts.count == 100 && counts.allSatisfy { $0 == 1 })
        }
    }

    // MARK: Order

    /// A shared request that may have been taken is not repeated when a document of it is out of date: that one would
    /// win over the later one.
    @Test func aSharedRequestIsNotRepeatedAfterALaterDocument() async throws {
        try await Self.run { stage in
            stage.sandbox.script([.status(503), .status(503), .status(503)])
            for number in 0..<100 { try stage.drop(Self.account("A\(number)"), as: "\(number).json") }
            try await stage.whileServing {
                try await stage.waitForFiled(100)
                #expect(stage.filed.allSatisfy { $0.problem?.code == .submitServerError })
                try stage.drop(Self.account("A50", status: "Closed"), as: "later.json")
                try await stage.waitForFiled(201)
            }
            #expect(try await stage.result(of: "later.json").outcome == "accepted")
            #expect(stage.filed.suffix(100).allSatisfy { $0.problem?.code == .orderSuperseded })
            #expect(stage.sandbox.books.accounts.keys.sorted() == ["A50"])
        }
    }

    /// A hundred documents whose shared request got no answer; they stay failed.
    private static func withAnUnresolvedRequest(
        _ body: @escaping @Sendable (Stage) async throws -> Void
    ) async throws {
        let top = """
            retry: {base: 10ms, cap: 20ms, requeueAfterOutage: false}
            limits: {requestsPerMinute: 60}
            batching: {mode: backlog}
            """
        try await run(top: top) { stage in
            stage.sandbox.script([.status(503), .status(503), .status(503)])
            for number in 0..<100 { try stage.drop(account("A\(number)"), as: "\(number).json") }
            try await stage.whileServing {
                try await stage.waitForFiled(100)
                #expect(stage.filed.allSatisfy { $0.problem?.code == .submitServerError })
                try await body(stage)
            }
        }
    }

    @Test func itIsNotRepeatedWhileADocumentAboutARecordOfAnyOfThemIsOnItsWay() async throws {
        try await Self.withAnUnresolvedRequest { stage in
            stage.sandbox.script([.delay(.seconds(2))])
            try stage.drop(Self.account("A50", status: "Closed"), as: "later.json")
            try await stage.sandbox.until { $0.scriptedAnswersLeft == 0 }
            try stage.putBack("0.json")
            try await stage.waitForFiled(102)
            #expect(try await stage.result(of: "later.json").outcome == "accepted")
            #expect(try await stage.result(of: "0.json").code == "order.superseded")
            #expect(stage.sandbox.books.accounts.keys.sorted() == ["A50"])
        }
    }

    @Test func aDocumentAboutARecordOfAnyOfThemWaitsForItsRepetition() async throws {
        try await Self.withAnUnresolvedRequest { stage in
            stage.sandbox.script([.delay(.seconds(2))])
            try stage.putBack("0.json")
            try await stage.sandbox.until { $0.scriptedAnswersLeft == 0 }
            try stage.drop(Self.account("A50", status: "Closed"), as: "later.json")
            try stage.drop(Self.account("B"), as: "other.json")
            #expect(try await stage.result(of: "other.json").outcome == "accepted")
            #expect(stage.sandbox.books.accounts.keys.sorted() == ["B"], "it stands in nobody else's way")
            try await stage.waitForFiled(103)
            let books = try #require(stage.sandbox.books.accounts["A50"])
            #expect(books.record.contains("Closed") && books.times == 2)
            #expect(stage.sandbox.books.accounts.count == 101)
        }
    }

    /// Each of them waits for one of the documents that shared a request, and these have one status.
    @Test func aWaveBehindASharedRequestAsksForItsStatusOnce() async throws {
        var options = SandboxOptions(requestsPerMinute: nil)
        options.faults.applyDelay = .seconds(3) ... .seconds(3)
        try await Self.run(top: Self.top(rate: 60), api: ["orderWait: 1h"], options: options) { stage in
            for number in 0..<100 { try stage.drop(Self.account("A\(number)"), as: "\(number).json") }
            try await stage.whileServing {
                try await stage.waitForFiled(100)
                for number in 0..<100 { try stage.drop(Self.payments("A\(number)"), as: "p\(number).json") }
                try await stage.waitForFiled(200)
            }
            #expect(stage.filed.allSatisfy { $0.outcome == .accepted })
            let requests = Self.submissions(stage)
            let questions = stage.sandbox.requests.count { $0.path.contains("/status/") }
            #expect(requests < 10 && questions > 0 && questions <= 5 * requests, "\(questions) for \(requests)")
        }
    }

    // MARK: Memory

    /// Those that share a request keep their memory and give their place away; those that waited for something else want
    /// both.
    @Test func whoWaitsForMemoryKeepsNoPlaceFromThoseWhoHaveTheirs() async throws {
        let top = """
            retry: {base: 10ms, cap: 20ms}
            limits: {requestsPerMinute: 30, memory: 16MB}
            batching: {mode: backlog}
            """
        // Each document takes a 160th of the memory.
        let space = String(repeating: " ", count: 8 << 10)
        var options = SandboxOptions(requestsPerMinute: nil)
        options.faults.applyDelay = .seconds(3600) ... .seconds(3600)
        // The payments wait for their accounts until others, which wait to share a request, fill the memory.
        try await Self.run(top: top, api: ["orderWait: 3s"], options: options) { stage in
            let records = (0..<120).map {
                #"{"clientReferenceId": "A\#($0)", "invoiceNumber": "1", "outstandingAmount": 1}"#
            }
            try stage.drop("{\"accounts\": [\(records.joined(separator: ","))]}", as: "0.json")
            try await stage.whileServing {
                try await stage.waitForFiled(1)
                for number in 0..<120 { try stage.drop(Self.payments("A\(number)") + space, as: "1-\(number).json") }
                for number in 0..<400 { try stage.drop(Self.account("B\(number)") + space, as: "2-\(number).json") }
                try await stage.waitForFiled(521)
            }
            #expect(stage.filed.allSatisfy { $0.outcome == .accepted })
        }
    }
}

extension Stage {
    /// Puts all failed drops back into the inbox, as an admin's `mv` does.
    fileprivate func putBackFailed() throws {
        for name in try Stage.names(in: failed) where !name.hasSuffix(".result.json") { try putBack(name) }
    }

    fileprivate func putBack(_ name: String) throws {
        try FileManager.default.removeItem(at: failed.appendingPathComponent("\(name).result.json"))
        try FileManager.default.moveItem(
            at: failed.appendingPathComponent(name), to: inbox.appendingPathComponent(name))
    }

    fileprivate func eventuallyAllDone(_ count: Int) async throws {
        try await eventually("\(count) drops are done") {
            try Stage.names(in: done).count { !$0.hasSuffix(".result.json") } == count
        }
    }
}
