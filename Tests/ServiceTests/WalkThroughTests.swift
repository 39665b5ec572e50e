import Foundation
import JSONText
import Model
import Sandbox
import Testing
import TestSupport

/// Payments that fail on the way, in every order of events: the server's books have to show each of them once.
@Suite struct WalkThroughTests {
    /// Runs the steps of a story in one service, or each in a service of its own.
    private func tell(
        restarts: Bool, top: String = "", inbox: String = "", _ stage: Stage,
        _ steps: [@Sendable () async throws -> Void]
    ) async throws {
        if restarts {
            for step in steps { try await stage.serve(top: top, ["erp": inbox], step) }
        } else {
            try await stage.serve(top: top, ["erp": inbox]) { for step in steps { try await step() } }
        }
    }

    private static let lost = [ScriptedAnswer](repeating: .closeAfterApply, count: 3)

    // MARK: Unresolved

    @Test(arguments: [false, true])
    func threeLostAnswersAndTheSameFileUnderAnotherName(restarts: Bool) async throws {
        try await Stage.prepare { stage in
            let file = Stage.payments("INV-1=5", "INV-2=7")
            stage.sandbox.script(Self.lost)
            try await tell(
                restarts: restarts, stage,
                [
                    {
                        try stage.drop(file, as: "orders.json")
                        #expect(try await stage.result(of: "orders.json").code == "submit.network")
                    },
                    {
                        try stage.drop(file, as: "orders.2.json")
                        #expect(try await stage.result(of: "orders.2.json").outcome == "accepted")
                    },
                    {
                        try stage.drop(file, as: "orders.3.json")
                        #expect(try await stage.result(of: "orders.3.json").duplicateOf == "orders.2.json")
                    },
                ])
            #expect(stage.paid == ["INV-1=5": 1, "INV-2=7": 1])
            #expect(stage.sandbox.accepted.map(\.repeats) == [3])
            #expect(stage.sandbox.accepted.map(\.mismatches) == [0])
        }
    }

    @Test(arguments: [false, true])
    func threeLostAnswersAndTheSameContentAfterMidnight(restarts: Bool) async throws {
        let time = SteppedTime()
        try await Stage.prepare(time: time) { stage in
            stage.sandbox.script(Self.lost)
            try await tell(
                // Where file systems have a clock of their own, this one's tells when a file came.
                restarts: restarts, inbox: "reference: content+day\nwatch: poll\npoll: 100ms", stage,
                [
                    {
                        try stage.drop(Stage.payments("INV-1=5"), as: "orders.json")
                        #expect(try await stage.result(of: "orders.json").code == "submit.network")
                    },
                    {
                        time.step(by: .seconds(24 * 3600))
                        // Other bytes, too: it is known by its content.
                        try stage.drop(Stage.payments("INV-1=5.0"), as: "orders.2.json")
                        #expect(try await stage.result(of: "orders.2.json").outcome == "accepted")
                        #expect(stage.paid == ["INV-1=5": 1])
                    },
                    {
                        // The day after, the same payment is another one.
                        time.step(by: .seconds(24 * 3600))
                        try stage.drop(Stage.payments("INV-1=5"), as: "orders.4.json")
                        #expect(try await stage.result(of: "orders.4.json").outcome == "accepted")
                    },
                ])
            #expect(stage.paid == ["INV-1=5": 2])
            #expect(stage.sandbox.accepted.map(\.repeats) == [3, 0])
            #expect(stage.sandbox.accepted.map(\.mismatches) == [0, 0])
        }
    }

    /// Nobody looked for a day.
    @Test func aDocumentIsOfTheDayOnWhichItBecameWhole() async throws {
        let time = SteppedTime()
        try await Stage.prepare(time: time) { stage in
            try stage.configure(["erp": "reference: content+day"])
            try stage.drop(Stage.payments("INV-1=5"), as: "friday.json")
            let friday = time.timestamp
            time.step(by: .seconds(24 * 3600))
            try await stage.whileServing {
                let result = try await stage.result(of: "friday.json")
                let received = try #require(result.json["drop"]?["receivedAt"]?.string)
                #expect(try #require(Timestamp(rfc3339: received)) < friday + .seconds(3600))
            }
        }
    }

    @Test(arguments: ["set: {brand: ACME}", "mapping: {amount: paid}", "ownReference: ignore"])
    func threeLostAnswersAndAnotherConfiguration(change: String) async throws {
        try await Stage.prepare { stage in
            let file = Stage.payments("INV-1=5", reference: change.hasPrefix("own") ? "RUN-1" : nil)
            stage.sandbox.script(Self.lost)
            try await stage.serve {
                try stage.drop(file, as: "orders.json")
                #expect(try await stage.result(of: "orders.json").code == "submit.network")
            }
            try await stage.serve(["erp": change]) {
                try stage.drop(file, as: "orders.2.json")
                #expect(try await stage.result(of: "orders.2.json").outcome == "accepted")
                try stage.drop(file, as: "orders.3.json")
                #expect(try await stage.result(of: "orders.3.json").outcome == "duplicate")
            }
            #expect(stage.paid == ["INV-1=5": 1])
            #expect(stage.sandbox.accepted.map(\.mismatches) == [0])
            #expect(try Stage.names(in: stage.folder.url.appendingPathComponent("state/bodies")).isEmpty)
        }
    }

    @Test func aStopInTheMiddleOfARequestAndAnotherConfiguration() async throws {
        try await Stage.prepare { stage in
            stage.sandbox.script([.hangAfterApply])
            try await stage.serve {
                try stage.drop(Stage.payments("INV-1=5"), as: "orders.json")
                try await stage.sandbox.until { $0.accepted.count == 1 }
            }
            try await stage.serve(["erp": "set: {brand: ACME}"]) {
                let result = try await stage.result(of: "orders.json")
                #expect(result.outcome == "accepted")
            }
            #expect(stage.paid == ["INV-1=5": 1])
            #expect(stage.sandbox.accepted.map(\.repeats) == [1])
            #expect(stage.sandbox.accepted.map(\.mismatches) == [0])
        }
    }

    private static let strict = #"{"properties": {"payments": {"items": {"required": ["approvedBy"]}}}}"#

    /// What was taken, or may have been, is settled before anybody asks what the file is now.
    @Test(arguments: ["schema: {json: strict.json}", "kind: account"], [false, true])
    func aFileThatFitsNoMoreWhenItsRequestWasCutOff(change: String, isSplit: Bool) async throws {
        try await Stage.prepare { stage in
            try stage.folder.url.write(Self.strict, as: "strict.json")
            let top = isSplit ? "limits: {recordsPerBatch: 1}" : ""
            let file = Stage.payments("INV-1=5", "INV-2=7")
            stage.sandbox.script(isSplit ? [.ok, .hangAfterApply] : [.hangAfterApply])
            let accepted = isSplit ? 2 : 1
            try await stage.serve(top: top) {
                try stage.drop(file, as: "orders.json")
                try await stage.sandbox.until { $0.accepted.count == accepted }
            }
            try await stage.serve(top: top, ["erp": change]) {
                #expect(try await stage.result(of: "orders.json").outcome == "accepted")
                // Nothing is open any more, and the file is judged like any other.
                try stage.drop(file, as: "orders.2.json")
                let code = try await stage.result(of: "orders.2.json").code
                #expect(code == (change.hasPrefix("kind") ? "kind.unknown" : "schema.json"))
            }
            #expect(stage.paid == ["INV-1=5": 1, "INV-2=7": 1])
            #expect(stage.sandbox.accepted.map(\.mismatches).allSatisfy { $0 == 0 })
        }
    }

    @Test func aFileThatFitsNoMoreWhenItComesBack() async throws {
        try await Stage.prepare { stage in
            try stage.folder.url.write(Self.strict, as: "strict.json")
            let file = Stage.payments("INV-1=5")
            stage.sandbox.script(Self.lost)
            try await stage.serve {
                try stage.drop(file, as: "orders.json")
                #expect(try await stage.result(of: "orders.json").code == "submit.network")
            }
            try await stage.serve(["erp": "schema: {json: strict.json}"]) {
                try stage.drop(file, as: "orders.2.json")
                #expect(try await stage.result(of: "orders.2.json").outcome == "accepted")
            }
            #expect(stage.paid == ["INV-1=5": 1])
            #expect(stage.sandbox.accepted.map(\.repeats) == [3])
        }
    }

    /// Of a file that never left nothing is open.
    @Test func aFileThatFitsNoMoreBeforeAnythingOfItLeft() async throws {
        try await Stage.prepare { stage in
            try stage.folder.url.write(Self.strict, as: "strict.json")
            stage.sandbox.script([.hangAfterApply])
            try await stage.serve(["erp": "ordering: strict"]) {
                try stage.drop(Stage.payments("INV-1=5"), as: "first.json")
                try await stage.sandbox.until { $0.accepted.count == 1 }
                try stage.drop(Stage.payments("INV-2=7"), as: "second.json")
                try await eventually("it waits for its turn") {
                    try Stage.names(in: stage.folder.url.appendingPathComponent("erp/.work")).contains("second.json")
                }
            }
            try await stage.serve(["erp": "ordering: strict\nschema: {json: strict.json}"]) {
                let (first, second) = (
                    try await stage.result(of: "first.json"), try await stage.result(of: "second.json")
                )
                #expect(first.outcome == "accepted" && second.code == "schema.json")
            }
            #expect(stage.paid == ["INV-1=5": 1])
        }
    }

    // MARK: Failed in part

    @Test(arguments: [false, true])
    func ofThreePartsTheSecondIsRefusedAndCorrected(restarts: Bool) async throws {
        try await Stage.prepare { stage in
            stage.sandbox.script([.ok, .status(422)])
            try await tell(
                restarts: restarts, top: "limits: {recordsPerBatch: 2}", stage,
                [
                    {
                        try stage.drop(
                            Stage.payments("I-1=1", "I-1=1", "I-2=2", "I-3=3", "I-4=4", "I-5=5"), as: "run.json")
                        let result = try await stage.result(of: "run.json")
                        #expect(result.code == "submit.badRequest")
                        #expect(result.batches.map { $0["state"]?.string } == ["accepted", "refused", "waiting"])
                    },
                    {
                        // One of the two equal payments, and the corrected line before all others.
                        try stage.drop(
                            Stage.payments("I-3=33", "I-1=1", "I-1=1", "I-1=1", "I-2=2", "I-4=4", "I-5=5"),
                            as: "run.2.json")
                        let result = try await stage.result(of: "run.2.json")
                        #expect(result.outcome == "accepted")
                        let left = result.json["alreadyAccepted"].map { Array($0.elements) } ?? []
                        #expect(left.map { $0["record"]?.string } == ["I-1", "I-1"])
                        let reference = left.first?["reference"]?.string ?? ""
                        #expect(reference.hasSuffix("-1of3"))
                    },
                    {
                        // Both files again: nothing of them is paid again.
                        try stage.drop(
                            Stage.payments("I-1=1", "I-1=1", "I-2=2", "I-3=3", "I-4=4", "I-5=5"), as: "run.3.json")
                        #expect(try await stage.result(of: "run.3.json").duplicateOf == "run.2.json")
                        // From here on an equal payment is a new one.
                        try stage.drop(Stage.payments("I-1=1", "I-9=9"), as: "run.4.json")
                        let result = try await stage.result(of: "run.4.json")
                        #expect(result.outcome == "accepted")
                        #expect(result.json["alreadyAccepted"]?.count == 0)
                    },
                ])
            #expect(
                stage.paid == ["I-1=1": 4, "I-2=2": 1, "I-3=33": 1, "I-4=4": 1, "I-5=5": 1, "I-9=9": 1])
            #expect(stage.sandbox.accepted.allSatisfy { $0.mismatches == 0 })
        }
    }

    @Test(arguments: [false, true])
    func theSameFileAgainSendsOnlyThePartsThatWereNotAccepted(restarts: Bool) async throws {
        try await Stage.prepare { stage in
            let file = Stage.payments("I-1=1", "I-2=2", "I-3=3", "I-4=4", "I-5=5", "I-6=6")
            stage.sandbox.script([.ok, .status(422)])
            try await tell(
                restarts: restarts, top: "limits: {recordsPerBatch: 2}", stage,
                [
                    {
                        try stage.drop(file, as: "run.json")
                        #expect(try await stage.result(of: "run.json").code == "submit.badRequest")
                    },
                    {
                        try stage.drop(file, as: "run.2.json")
                        #expect(try await stage.result(of: "run.2.json").outcome == "accepted")
                    },
                ])
            #expect(stage.paid.count == 6 && stage.paid.values.allSatisfy { $0 == 1 })
            #expect(stage.sandbox.accepted.map(\.repeats) == [0, 0, 0])
            #expect(try Stage.names(in: stage.folder.url.appendingPathComponent("state/bodies")).isEmpty)
        }
    }

    @Test func of1000AppliedRecordsThreeAreRefusedAndCorrected() async throws {
        try await Stage.prepare { stage in
            for identity in ["I-7", "I-500", "I-999"] { stage.sandbox.rejectRecords(of: identity) }
            @Sendable func file(_ suffix: String) -> String {
                let records = (0..<1000).map { number in
                    let isCorrected = [7, 500, 999].contains(number)
                    return #"{"clientReferenceId": "I-\#(number)\#(isCorrected ? suffix : "")", "amount": \#(number)}"#
                }
                return "{\"payments\": [\(records.joined(separator: ","))]}"
            }
            let api = "confirm: completed"
            try await stage.serve(api: api) {
                try stage.drop(file(""), as: "run.json")
                let result = try await stage.result(of: "run.json")
                #expect(result.code == "submit.rejected" && result.errors.count == 3)
            }
            try await stage.serve(api: api) {
                // As it is: the three are tried again, under another reference, and refused again.
                try stage.drop(file(""), as: "run.2.json")
                let again = try await stage.result(of: "run.2.json")
                #expect(again.code == "submit.rejected")
                #expect(again.batches.map { $0["records"]?.int } == [3])
                #expect(again.json["alreadyAccepted"]?.count == 997)
                try stage.drop(file("-corrected"), as: "run.3.json")
                let corrected = try await stage.result(of: "run.3.json")
                #expect(corrected.outcome == "accepted")
                #expect(corrected.batches.map { $0["records"]?.int } == [3])
                #expect(corrected.json["alreadyAccepted"]?.count == 997)
                try stage.drop(file(""), as: "run.4.json")
                #expect(try await stage.result(of: "run.4.json").duplicateOf == "run.3.json")
            }
            #expect(stage.paid.count == 1000 && stage.paid.values.allSatisfy { $0 == 1 })
            #expect(stage.paid["I-7-corrected=7"] == 1)
        }
    }

    @Test func theSameFileUnderAnotherConfigurationLeavesOutWhatWasAccepted() async throws {
        try await Stage.prepare { stage in
            let file = Stage.payments("I-1=1", "I-2=2", "I-3=3", "I-4=4")
            stage.sandbox.script([.ok, .status(422)])
            try await stage.serve(top: "limits: {recordsPerBatch: 2}") {
                try stage.drop(file, as: "run.json")
                #expect(try await stage.result(of: "run.json").code == "submit.badRequest")
            }
            try await stage.serve(top: "limits: {recordsPerBatch: 2}", ["erp": "set: {brand: ACME}"]) {
                try stage.drop(file, as: "run.2.json")
                let result = try await stage.result(of: "run.2.json")
                #expect(result.outcome == "accepted")
                #expect(result.json["alreadyAccepted"]?.count == 2)
            }
            #expect(stage.paid == ["I-1=1": 1, "I-2=2": 1, "I-3=3": 1, "I-4=4": 1])
        }
    }

    @Test func aStopWhileTheRestIsOnItsWay() async throws {
        try await Stage.prepare { stage in
            stage.sandbox.script([.ok, .status(422)])
            let top = "limits: {recordsPerBatch: 2}"
            try await stage.serve(top: top) {
                try stage.drop(Stage.payments("I-1=1", "I-2=2", "I-3=3", "I-4=4"), as: "run.json")
                #expect(try await stage.result(of: "run.json").code == "submit.badRequest")
            }
            stage.sandbox.script([.hangAfterApply])
            try await stage.serve(top: top) {
                try stage.drop(Stage.payments("I-1=1", "I-2=2", "I-3=33", "I-4=4"), as: "run.2.json")
                try await stage.sandbox.until { $0.accepted.count == 2 }
            }
            try await stage.serve(top: top) {
                let result = try await stage.result(of: "run.2.json")
                #expect(result.outcome == "accepted")
                #expect(result.json["alreadyAccepted"]?.count == 2)
                try stage.drop(Stage.payments("I-1=1", "I-2=2", "I-3=3", "I-4=4"), as: "run.3.json")
                #expect(try await stage.result(of: "run.3.json").outcome == "duplicate")
            }
            #expect(stage.paid == ["I-1=1": 1, "I-2=2": 1, "I-3=33": 1, "I-4=4": 1])
            #expect(stage.sandbox.accepted.allSatisfy { $0.mismatches == 0 })
        }
    }

    /// Nobody knows whether another payment of the same account is the corrected one.
    @Test(arguments: [false, true]) func anotherPaymentOfTheSameAccountIsNotTheRest(isCorrected: Bool) async throws {
        try await Stage.prepare { stage in
            stage.sandbox.script([.ok, .status(422)])
            try await stage.serve(top: "limits: {recordsPerBatch: 1}") {
                try stage.drop(Stage.payments("INV-1=50", "INV-2=70"), as: "run.json")
                #expect(try await stage.result(of: "run.json").code == "submit.badRequest")
                try stage.drop(Stage.payments("INV-2=30"), as: "other.json")
                #expect(try await stage.result(of: "other.json").outcome == "accepted")
                try stage.drop(Stage.payments("INV-1=50", "INV-2=7\(isCorrected ? 1 : 0)"), as: "again.json")
                #expect(try await stage.result(of: "again.json").outcome == "accepted")
            }
            #expect(stage.paid == ["INV-1=50": 1, "INV-2=30": 1, "INV-2=7\(isCorrected ? 1 : 0)": 1])
        }
    }

    @Test func aDocumentWithoutTheRestDoesNotStandForIt() async throws {
        try await Stage.prepare { stage in
            stage.sandbox.script([.ok, .status(422)])
            try await stage.serve(top: "limits: {recordsPerBatch: 1}") {
                let file = Stage.payments("INV-1=50", "INV-2=70")
                try stage.drop(file, as: "run.json")
                #expect(try await stage.result(of: "run.json").code == "submit.badRequest")
                try stage.drop(Stage.payments("INV-1=50", "INV-3=9"), as: "other.json")
                let other = try await stage.result(of: "other.json")
                #expect(other.json["alreadyAccepted"]?.count == 1)
                try stage.drop(file, as: "again.json")
                #expect(try await stage.result(of: "again.json").outcome == "accepted")
            }
            #expect(stage.paid == ["INV-1=50": 1, "INV-2=70": 1, "INV-3=9": 1])
        }
    }

    /// Its parts left under one configuration and ended under another.
    @Test(arguments: ["run.json", "run.xml"])
    func whatWasAcceptedUnderAnotherConfigurationIsLeftOut(name: String) async throws {
        try await Stage.prepare { stage in
            @Sendable func file(_ second: Int) -> String {
                if name.hasSuffix("json") { return Stage.payments("I-1=1", "I-2=\(second)", "I-3=3") }
                let records = [1, second, 3].enumerated().map {
                    "<p><clientReferenceId>I-\($0.offset + 1)</clientReferenceId><amount>\($0.element)</amount></p>"
                }
                return "<payments>\(records.joined())</payments>"
            }
            let top = "limits: {recordsPerBatch: 1}"
            stage.sandbox.script([.ok, .hang])
            try await stage.serve(top: top) {
                try stage.drop(file(2), as: name)
                try await stage.sandbox.until { $0.requests.count { $0.method == "PUT" } == 2 }
            }
            stage.sandbox.script([.status(422)])
            try await stage.serve(top: top, ["erp": "set: {brand: ACME}"]) {
                #expect(try await stage.result(of: name).code == "submit.badRequest")
                stage.sandbox.script([.status(422)])
                try stage.drop(file(2), as: "again-\(name)")
                #expect(try await stage.result(of: "again-\(name)").code == "submit.badRequest")
                try stage.drop(file(22), as: "corrected-\(name)")
                let corrected = try await stage.result(of: "corrected-\(name)")
                #expect(corrected.outcome == "accepted")
                #expect(corrected.json["alreadyAccepted"]?.count == 1)
            }
            #expect(stage.paid == ["I-1=1": 1, "I-2=22": 1, "I-3=3": 1])
        }
    }

    // MARK: References of senders' own

    @Test(arguments: [false, true])
    func ownReferencesWithOtherContentAfterARefusalAndAfterATimeout(restarts: Bool) async throws {
        try await Stage.prepare { stage in
            @Sendable func file(_ amount: Int) -> String { Stage.payments("INV-1=\(amount)", reference: "RUN-1") }
            stage.sandbox.script([.status(422)] + Self.lost)
            try await tell(
                restarts: restarts, stage,
                [
                    {
                        try stage.drop(file(1), as: "1.json")
                        #expect(try await stage.result(of: "1.json").code == "submit.badRequest")
                    },
                    {
                        // Free again after the refusal; and then its answers are lost.
                        try stage.drop(file(2), as: "2.json")
                        let result = try await stage.result(of: "2.json")
                        #expect(result.code == "submit.network" && result.reference == "RUN-1")
                    },
                    {
                        try stage.drop(file(3), as: "3.json")
                        #expect(try await stage.result(of: "3.json").code == "reference.conflict")
                    },
                    {
                        try stage.drop(file(2), as: "4.json")
                        #expect(try await stage.result(of: "4.json").outcome == "accepted")
                    },
                    {
                        try stage.drop(file(3), as: "5.json")
                        #expect(try await stage.result(of: "5.json").code == "reference.conflict")
                    },
                ])
            #expect(stage.paid == ["INV-1=2": 1])
        }
    }

    @Test func aReferenceWithTheInboxBeforeItUsesUpNobodyElses() async throws {
        try await Stage.prepare { stage in
            let inboxes: Stage.Inboxes = ["one": "ownReference: prefix", "two": "ownReference: prefix"]
            try await stage.serve(inboxes) {
                try stage.drop(Stage.payments("INV-1=1", reference: "RUN"), as: "1.json", into: "one")
                #expect(try await stage.result(of: "1.json", from: "one").reference == "one:RUN")
                try stage.drop(Stage.payments("INV-1=2", reference: "RUN"), as: "1.json", into: "two")
                #expect(try await stage.result(of: "1.json", from: "two").reference == "two:RUN")
            }
        }
    }

    // MARK: Two inboxes

    /// One of its records was accepted where it came first.
    @Test(arguments: [false, true]) func aPaymentFileThatWentThroughInPartInAnotherInbox(commonScope: Bool) async throws
    {
        try await Stage.prepare { stage in
            let scope = commonScope ? "scope: bank" : ""
            stage.sandbox.rejectRecords(of: "INV-2")
            try await stage.serve(api: "confirm: completed", ["one": scope, "two": scope]) {
                for inbox in ["one", "two"] {
                    try stage.drop(Stage.payments("INV-1=1", "INV-2=1"), as: "\(inbox).json", into: inbox)
                    let result = try await stage.result(of: "\(inbox).json", from: inbox)
                    let isKnown = inbox == "two" && !commonScope
                    #expect(result.code == (isKnown ? "reference.otherInbox" : "submit.rejected"))
                }
            }
            #expect(stage.sandbox.books.payments.filter { $0.clientReferenceId == "INV-1" }.map(\.count) == [1])
        }
    }

    @Test(arguments: [false, true], [false, true])
    func onePaymentFileInTwoInboxes(commonScope: Bool, restarts: Bool) async throws {
        try await Stage.prepare { stage in
            let scope = commonScope ? "scope: bank" : ""
            let inboxes: Stage.Inboxes = ["one": scope, "two": scope]
            let first: @Sendable () async throws -> Void = {
                try stage.drop(Stage.payments("INV-1=1"), as: "secret-name.json", into: "one")
                #expect(try await stage.result(of: "secret-name.json", from: "one").outcome == "accepted")
            }
            let second: @Sendable () async throws -> Void = {
                try stage.drop(Stage.payments("INV-1=1"), as: "b.json", into: "two")
                let result = try await stage.result(of: "b.json", from: "two")
                #expect(result.outcome == (commonScope ? "duplicate" : "failed"))
                #expect(result.code == (commonScope ? nil : "reference.otherInbox"))
                #expect(result.duplicateOf == nil)
                #expect(result.json["message"]?.string?.contains("secret") == false)
            }
            if restarts {
                try await stage.serve(inboxes, first)
                try await stage.serve(inboxes, second)
            } else {
                try await stage.serve(inboxes) {
                    try await first()
                    try await second()
                }
            }
            #expect(stage.paid == ["INV-1=1": 1])
        }
    }

    // MARK: Back and forth

    @Test(arguments: [false, true])
    func activeHoldActive(restarts: Bool) async throws {
        try await Stage.prepare { stage in
            @Sendable func file(_ status: String) -> String {
                #"{"accounts": [{"clientReferenceId": "INV-1", "invoiceNumber": "1", "outstandingAmount": 1, "status": "\#(status)"}]}"#
            }
            var steps: [@Sendable () async throws -> Void] = []
            for (number, status) in ["Active", "Active", "Hold", "Active", "Active", "Hold"].enumerated() {
                steps.append {
                    try stage.drop(file(status), as: "\(number).json")
                    let isRepeated = number == 1 || number == 4
                    #expect(
                        try await stage.result(of: "\(number).json").outcome
                            == (isRepeated ? "duplicate" : "accepted"))
                    #expect(stage.sandbox.books.accounts["INV-1"]?.record.contains(status) == true)
                }
            }
            try await tell(restarts: restarts, stage, steps)
            #expect(stage.sandbox.accepted.map { $0.reference.suffix(3) == "-r2" } == [false, false, true, true])
        }
    }

    @Test(arguments: [false, true])
    func whatIsUnresolvedIsRepeatedFirstAndThenSentAgain(restarts: Bool) async throws {
        try await Stage.prepare { stage in
            @Sendable func file(_ status: String) -> String {
                #"{"accounts": [{"clientReferenceId": "INV-1", "invoiceNumber": "1", "outstandingAmount": 1, "status": "\#(status)"}]}"#
            }
            stage.sandbox.script(Self.lost)
            let steps: [@Sendable () async throws -> Void] = ["Hold", "Active", "Hold", "Hold"].enumerated().map {
                number, status in
                {
                    try stage.drop(file(status), as: "\(number).json")
                    #expect(
                        try await stage.result(of: "\(number).json").outcome
                            == ["failed", "accepted", "accepted", "duplicate"][number])
                    #expect(stage.sandbox.books.accounts["INV-1"]?.record.contains(status) == true)
                }
            }
            try await tell(restarts: restarts, stage, steps)
            #expect(stage.sandbox.accepted.map { $0.reference.suffix(3) == "-r2" } == [false, false, true])
            #expect(stage.sandbox.accepted.map(\.repeats) == [3, 0, 0])
            #expect(stage.sandbox.accepted.allSatisfy { $0.mismatches == 0 })
            #expect(try Stage.names(in: stage.folder.url.appendingPathComponent("state/bodies")).isEmpty)
        }
    }

    @Test func aRoundStandsBeforeThePart() async throws {
        try await Stage.prepare { stage in
            @Sendable func file(_ amount: Int) -> String {
                let records = (1...3).map {
                    #"{"clientReferenceId": "INV-\#($0)", "invoiceNumber": "1", "outstandingAmount": \#(amount)}"#
                }
                return "{\"accounts\": [\(records.joined(separator: ","))]}"
            }
            try await stage.serve(top: "limits: {recordsPerBatch: 2}") {
                for (number, amount) in [1, 2, 1].enumerated() {
                    try stage.drop(file(amount), as: "\(number).json")
                    #expect(try await stage.result(of: "\(number).json").outcome == "accepted")
                }
            }
            let references = stage.sandbox.accepted.map(\.reference)
            #expect(references.count == 6)
            #expect(references[4] == references[0].replacing("-1of2", with: "-r2-1of2"))
            #expect(references[5] == references[1].replacing("-2of2", with: "-r2-2of2"))
        }
    }
}
