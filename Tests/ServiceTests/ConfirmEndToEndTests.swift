import Foundation
import JSONText
import Model
import Sandbox
import Testing
import TestSupport

/// `confirm: completed`: the API's word on each record, and only then the end.
@Suite(.timeLimit(.minutes(5))) struct ConfirmEndToEndTests {
    private static let api = ["confirm: completed"]

    private static func accounts(_ names: String...) -> String {
        let records = names.map { #"{"clientReferenceId": "\#($0)", "invoiceNumber": "1", "outstandingAmount": 1}"# }
        return "{\"accounts\": [\n" + records.joined(separator: ",\n") + "\n]}"
    }

    @Test func aDropIsDoneWhenTheAPISaysThatItIsProcessed() async throws {
        var options = SandboxOptions(requestsPerMinute: nil)
        options.faults.applyDelay = .seconds(3) ... .seconds(3)
        try await Stage.run(api: Self.api, options: options) { stage in
            try stage.drop(Self.accounts("A", "B"), as: "orders.json")
            let result = try await stage.result(of: "orders.json")
            #expect(result.outcome == "accepted")
            #expect(result.json["confirmed"]?.bool == true)
            #expect(result.attempts.count == 1, "a status request is no attempt")
            let submitted = try #require(stage.sandbox.requests.first { $0.path.hasSuffix("/v1/account") })
            let asked = try #require(stage.sandbox.requests.last { $0.path.contains("/status/") })
            #expect(asked.at.timeIntervalSince(submitted.at) >= 3, "2xx was not the end")
        }
    }

    @Test func withoutItTheResultSaysThatNothingIsConfirmed() async throws {
        try await Stage.run { stage in
            try stage.drop(Self.accounts("A"), as: "orders.json")
            let result = try await stage.result(of: "orders.json")
            #expect(result.json["confirmed"]?.bool == false)
            #expect(!stage.sandbox.requests.contains { $0.path.contains("/status/") })
        }
    }

    @Test func recordsThatWereRefusedFailTheDropAndAreNamed() async throws {
        try await Stage.run(inbox: "results: full", api: Self.api) { stage in
            stage.sandbox.rejectRecords(of: "B", message: "The account is closed")
            try stage.drop(Self.accounts("A", "B", "C"), as: "orders.json")
            let result = try await stage.result(of: "orders.json")
            #expect(result.code == "submit.rejected")
            #expect(result.json["stage"]?.string == "confirm")
            #expect(result.json["errorCount"]?.int == 1)
            let error = try #require(result.errors.first)
            #expect(error["record"]?.string == "B")
            #expect(error["pointer"]?.string == "/accounts/1")
            #expect(error["line"]?.int == 3 && error["column"]?.int == 1)
            #expect(error["message"]?.string == "Rejected: The account is closed")
            let response = result.batches.first?["response"]?.string ?? ""
            #expect(response.contains("Accepted") && response.contains("Rejected"), "what the API said, as it said it")
        }
    }

    /// What it was converted to does not know where it came from.
    @Test(arguments: ["", "set: {brand: ACME}"])
    func aRefusedRecordOfAConvertedDocumentIsFoundInTheSendersFile(inbox: String) async throws {
        try await Stage.run(inbox: inbox, api: Self.api) { stage in
            stage.sandbox.rejectRecords(of: "B", message: "The account is closed")
            let records = ["A", "B"].map {
                "  <account><clientReferenceId>\($0)</clientReferenceId><invoiceNumber>1</invoiceNumber>"
                    + "<outstandingAmount>1</outstandingAmount></account>\n"
            }
            try stage.drop("<accounts>\n\(records.joined())</accounts>\n", as: "orders.xml")
            try stage.drop(Self.accounts("C", "B"), as: "orders.json")
            for (name, column) in [("orders.xml", 3), ("orders.json", 1)] {
                let error = try #require(try await stage.result(of: name).errors.first)
                #expect(error["record"]?.string == "B" && error["pointer"]?.string == "/accounts/1")
                #expect(error["line"]?.int == 3 && error["column"]?.int == column)
            }
        }
    }

    /// A stop between the 2xx and the last word: the next run asks on.
    @Test func aRestartGoesOnAsking() async throws {
        var options = SandboxOptions(requestsPerMinute: nil)
        options.faults.applyDelay = .seconds(10) ... .seconds(10)
        try await Sandbox.withServer(options) { sandbox, address in
            let stage = try Stage(sandbox: sandbox, address: address)
            try stage.writeConfiguration(api: Self.api)
            try await stage.whileServing {
                try stage.drop(Self.accounts("A"), as: "orders.json")
                try await sandbox.until { !$0.accepted.isEmpty }
            }
            #expect(stage.filed.isEmpty)
            try await stage.whileServing { try await stage.waitForFiled(1) }
            #expect(stage.filed.first?.isConfirmed == true)
            #expect(sandbox.accepted.map(\.repeats) == [0])
        }
    }

    @Test func anHourLaterItIsDoneWithoutAWord() async throws {
        let time = ManualTime()
        var options = SandboxOptions(requestsPerMinute: nil)
        options.faults.applyDelay = .seconds(7200) ... .seconds(7200)
        try await Stage.run(api: Self.api, options: options, time: time, clock: OutageTests.clock(time)) { stage in
            let start = time.moment
            try stage.drop(Self.accounts("A"), as: "orders.json")
            try await eventually("it is filed") {
                time.advance(by: .seconds(5))
                try await Task.sleep(for: .milliseconds(2))
                return !stage.filed.isEmpty
            }
            #expect(stage.filed.first?.outcome == .accepted && stage.filed.first?.isConfirmed == false)
            #expect(time.moment - start > .seconds(3500))
            #expect(stage.sandbox.accepted.map(\.acceptances) == [1])
        }
    }

    @Test func everyPartOfASplitDocumentHasToBeProcessed() async throws {
        try await Stage.run(
            top: "limits: {recordsPerBatch: 1}\nretry: {base: 10ms, cap: 20ms}", api: Self.api
        ) { stage in
            stage.sandbox.rejectRecords(of: "C")
            try stage.drop(Self.accounts("A", "B", "C"), as: "orders.json")
            let result = try await stage.result(of: "orders.json")
            #expect(result.code == "submit.rejected")
            #expect(result.errors.map { $0["pointer"]?.string } == ["/accounts/2"])
            #expect(stage.sandbox.requests.filter { $0.path.contains("/status/") }.count == 3)
        }
    }

    /// Of three parts the API refuses the record of the first while it processes it, and the second at once.
    private static func refuseTwice(_ stage: Stage) async throws -> ResultFile {
        stage.sandbox.rejectRecords(of: "I-1")
        stage.sandbox.script([.ok, .status(422)])
        try stage.drop(Stage.payments("I-1=1", "I-2=2", "I-3=3"), as: "run.json")
        return try await stage.result(of: "run.json")
    }

    // MARK: Which records were refused

    /// A status in the API's own words.
    private static func status(_ records: String...) -> ScriptedAnswer {
        let list = records.joined(separator: ", ")
        return .answer(200, headers: [:], body: Data(#"{"status": "Completed", "records": [\#(list)]}"#.utf8))
    }

    private static func record(_ name: String, _ word: String) -> String {
        #"{"clientReferenceId": "\#(name)", "status": "\#(word)"}"#
    }

    private static let onlyTheRefused = [record("I-3", "Rejected")]
    private static let inAnotherOrder = [
        record("I-3", "Rejected"), record("I-1", "Accepted"), record("I-2", "Accepted"),
    ]

    /// The place in the list is none in the batch.
    @Test(arguments: [onlyTheRefused, inAnotherOrder], [true, false])
    func aPaymentThatWasRefusedIsTheOneThatIsNamed(records: [String], isSplit: Bool) async throws {
        let top = isSplit ? "limits: {recordsPerBatch: 3}\nretry: {base: 10ms, cap: 20ms}" : ""
        try await Stage.run(top: top, api: Self.api) { stage in
            let list = records.joined(separator: ", ")
            stage.sandbox.rejectRecords(of: "I-3")
            let before = isSplit ? ["J-1=1", "J-2=2", "J-3=3"] : []
            if isSplit { stage.sandbox.script([Self.status()], for: .status) }
            stage.sandbox.script([Self.status(list)], for: .status)
            try stage.drop(Self.payments(before + ["I-1=1", "I-2=2", "I-3=3"]), as: "run.json")
            let result = try await stage.result(of: "run.json")
            #expect(result.code == "submit.rejected" && result.json["confirmed"]?.bool == true)
            #expect(result.errors.map { $0["record"]?.string } == ["I-3"])
            try stage.drop(Self.payments(before + ["I-1=1", "I-2=2", "I-4=3"]), as: "corrected.json")
            let corrected = try await stage.result(of: "corrected.json")
            #expect(corrected.outcome == "accepted")
            let left = corrected.json["alreadyAccepted"].map { $0.elements.compactMap { $0["record"]?.string } } ?? []
            #expect(left.sorted() == ["I-1", "I-2"] + before.map { String($0.prefix(3)) })
            #expect(stage.paid.count == before.count + 3 && stage.paid.values.allSatisfy { $0 == 1 })
        }
    }

    /// Sent again, what was accepted would be paid twice; left out, what was refused would be lost.
    @Test func whatNobodyCanTellApartIsNeitherPaidTwiceNorLost() async throws {
        try await Stage.run(api: Self.api) { stage in
            stage.sandbox.rejectRecords(of: "I-3")
            let unclear = Self.status(#"{"status": "Rejected", "message": "No such account"}"#)
            stage.sandbox.script([unclear, unclear], for: .status)
            for name in ["run.json", "again.json"] {
                try stage.drop(Stage.payments("I-1=1", "I-2=2", "I-3=3"), as: name)
                let result = try await stage.result(of: name)
                #expect(result.code == "submit.rejected" && result.json["confirmed"]?.bool == false)
                #expect(result.errors.map { $0["message"]?.string } == ["Rejected: No such account"])
            }
            try stage.drop(Stage.payments("I-3=3", "I-4=4"), as: "rest.json")
            let rest = try await stage.result(of: "rest.json")
            #expect(rest.code == "reference.conflict")
            #expect(rest.json["message"]?.string?.contains("(I-3)") == true)
            try stage.drop(Stage.payments("I-5=5"), as: "other.json")
            #expect(try await stage.result(of: "other.json").outcome == "accepted")
            #expect(stage.paid == ["I-1=1": 1, "I-2=2": 1, "I-5=5": 1])

            // Asked again the API says which it was.
            try stage.drop(Stage.payments("I-1=1", "I-2=2", "I-3=3"), as: "clear.json")
            let clear = try await stage.result(of: "clear.json")
            #expect(clear.errors.map { $0["record"]?.string } == ["I-3"] && clear.json["confirmed"]?.bool == true)
            try stage.drop(Stage.payments("I-1=1", "I-2=2", "I-6=3"), as: "corrected.json")
            let corrected = try await stage.result(of: "corrected.json")
            #expect(corrected.outcome == "accepted" && corrected.json["alreadyAccepted"]?.count == 2)
            #expect(stage.paid == ["I-1=1": 1, "I-2=2": 1, "I-5=5": 1, "I-6=3": 1])
        }
    }

    /// Accounts that are sent again change nothing.
    @Test func anAccountDocumentOfWhichNobodyKnowsWhatWasRefusedIsSentAgain() async throws {
        try await Stage.run(api: Self.api) { stage in
            stage.sandbox.script([Self.status(#"{"status": "Rejected"}"#)], for: .status)
            try stage.drop(Self.accounts("A", "B"), as: "orders.json")
            #expect(try await stage.result(of: "orders.json").code == "submit.rejected")
            try stage.drop(Self.accounts("A", "B"), as: "again.json")
            #expect(try await stage.result(of: "again.json").outcome == "accepted")
        }
    }

    private static func payments(_ payments: [String]) -> String {
        let records = payments.map { payment in
            let parts = payment.split(separator: "=")
            return #"{"clientReferenceId": "\#(parts[0])", "amount": \#(parts[1])}"#
        }
        return #"{"payments": [\#(records.joined(separator: ", "))]}"#
    }

    private static let oneEach = "limits: {recordsPerBatch: 1}\nretry: {base: 10ms, cap: 20ms}"

    @Test func whatWasRefusedInOnePartIsKnownWhenAnotherFails() async throws {
        try await Stage.run(top: Self.oneEach, api: Self.api) { stage in
            let result = try await Self.refuseTwice(stage)
            #expect(result.code == "submit.badRequest")
            #expect(result.errors.map { $0["record"]?.string } == ["I-1"])
            #expect(result.json["errorCount"]?.int == 1)
            try stage.drop(Stage.payments("I-1=1", "I-2=22", "I-3=3"), as: "corrected.json")
            let corrected = try await stage.result(of: "corrected.json")
            #expect(corrected.json["alreadyAccepted"]?.count == 0)
            #expect(corrected.batches.map { $0["records"]?.int } == [1, 1, 1])
        }
    }

    @Test func whatWasRefusedOfAPartIsNotForgottenWhenTheFileComesBack() async throws {
        try await Stage.run(top: Self.oneEach, api: Self.api) { stage in
            _ = try await Self.refuseTwice(stage)
            try stage.drop(Stage.payments("I-1=1", "I-2=2", "I-3=3"), as: "again.json")
            let again = try await stage.result(of: "again.json")
            #expect(again.code == "submit.rejected")
            #expect(again.errors.map { $0["record"]?.string } == ["I-1"])
            #expect(again.batches.allSatisfy { $0["state"]?.string == "accepted" })
            #expect(stage.paid == ["I-2=2": 1, "I-3=3": 1])
        }
    }

    private static let processing = ScriptedAnswer.answer(
        200, headers: [:], body: Data(#"{"status": "Processing"}"#.utf8))

    /// It is read once more, for the result shows it: that takes nothing back.
    @Test func aRefusalStandsWhateverItsLastReadingBrings() async throws {
        try await Sandbox.withServer(SandboxOptions(requestsPerMinute: nil)) { sandbox, address in
            let stage = try Stage(sandbox: sandbox, address: address)
            try stage.folder.url.write(
                #"{"properties": {"payments": {"items": {"properties": {"note": {"x-sensitive": true}}}}}}"#,
                as: "own.json")
            try stage.writeConfiguration(inbox: "results: full\nschema: {json: own.json}", api: Self.api)
            sandbox.script(
                [Self.processing, Self.status(Self.record("I-1", "Rejected")), .status(500)], for: .status)
            try await stage.whileServing {
                try stage.drop(
                    #"{"payments": [{"clientReferenceId": "I-1", "note": "a word"}, {"clientReferenceId": "I-2"}]}"#,
                    as: "run.json")
                let result = try await stage.result(of: "run.json")
                #expect(result.code == "submit.rejected" && result.errors.map { $0["record"]?.string } == ["I-1"])
                #expect(sandbox.requests.filter { $0.path.contains("/status/") }.count == 3)
            }
        }
    }

    /// Its status is kept for a week only, or nobody asks for it any more.
    @Test(arguments: ["confirm: completed", "confirm: accepted"])
    func aDoubtLastsUntilTheAPISaysMore(api: String) async throws {
        let time = ManualTime()
        try await Sandbox.withServer(
            SandboxOptions(requestsPerMinute: nil), clock: OutageTests.clock(time)
        ) { sandbox, address in
            let stage = try Stage(sandbox: sandbox, address: address, time: time)
            @Sendable func drop(_ payments: String..., as name: String) async throws -> DropResult? {
                try stage.drop(Self.payments(payments), as: name)
                let count = stage.filed.count
                try await eventually("\(name) is filed") {
                    time.advance(by: .seconds(5))
                    try await Task.sleep(for: .milliseconds(2))
                    return stage.filed.count > count
                }
                return stage.filed.last
            }
            sandbox.rejectRecords(of: "I-3")
            sandbox.script([Self.status(#"{"status": "Rejected"}"#)], for: .status)
            try stage.writeConfiguration(api: Self.api)
            try await stage.whileServing {
                let first = try await drop("I-1=1", "I-2=2", "I-3=3", as: "run.json")
                #expect(first?.problem?.code == .submitRejected)
            }
            sandbox.script(Array(repeating: .status(404), count: 1000), for: .status)
            try stage.writeConfiguration(api: [api])
            try await stage.whileServing {
                let again = try await drop("I-1=1", "I-2=2", "I-3=3", as: "again.json")
                #expect(again?.problem?.code == .submitRejected && again?.isConfirmed == false)
                let rest = try await drop("I-3=3", as: "rest.json")
                #expect(rest?.problem?.code == .referenceConflict)
            }
            #expect(stage.paid == ["I-1=1": 1, "I-2=2": 1])
        }
    }
}
