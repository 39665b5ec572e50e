import Foundation
import Model
import Sandbox
import Testing
import TestSupport

/// Nothing twice: duplicates, shared tokens, restarts.
@Suite struct OnceOnlyTests {
    @Test func anEqualDropIsADuplicateAndCausesNoRequest() async throws {
        try await Stage.run { stage in
            try stage.drop(Stage.account("INV-1", amount: "10.50"), as: "first.json")
            #expect(try await stage.result(of: "first.json").outcome == "accepted")
            let before = stage.sandbox.requestCount
            let same =
                #"{ "accounts" : [ {"outstandingAmount":1.05e1,"invoiceNumber":"\u0031", "clientReferenceId":"INV-1"} ] }"#
            try stage.drop(same, as: "second.json")
            let result = try await stage.result(of: "second.json")
            #expect(result.outcome == "duplicate" && result.isDone)
            #expect(result.duplicateOf == "first.json")
            #expect(result.batches.isEmpty)
            #expect(stage.sandbox.requestCount == before)
        }
    }

    @Test func theSameDataAsXMLIsADuplicateOfTheJSON() async throws {
        try await Stage.run { stage in
            try stage.drop(Stage.account("INV-1", amount: "10.50"), as: "orders.json")
            #expect(try await stage.result(of: "orders.json").outcome == "accepted")
            let xml = """
                <accounts><account><invoiceNumber>1</invoiceNumber><outstandingAmount>10.5</outstandingAmount>
                <clientReferenceId>INV-1</clientReferenceId></account></accounts>
                """
            try stage.drop(xml, as: "orders.xml")
            let result = try await stage.result(of: "orders.xml")
            #expect(result.outcome == "duplicate" && result.duplicateOf == "orders.json")
        }
    }

    @Test func anXMLDropIsSentAsTheJSONThatItBecameWithMappingAndConstants() async throws {
        let inbox = "mapping: {AmountDue: outstandingAmount}\nset: {brand: ACME}"
        try await Stage.run(inbox: inbox) { stage in
            // The answer is lost: what is repeated has to be the same to the last byte.
            stage.sandbox.script([.closeAfterApply])
            let xml =
                "<accounts><a invoiceNumber='007'><clientReferenceId>INV-1</clientReferenceId>"
                + "<AmountDue>10.50</AmountDue></a></accounts>"
            try stage.drop(xml, as: "orders.xml")
            #expect(try await stage.result(of: "orders.xml").outcome == "accepted")
            #expect(stage.sandbox.accepted.map(\.repeats) == [1])
            #expect(stage.sandbox.accepted.map(\.mismatches) == [0])
            let record = try #require(stage.sandbox.books.accounts["INV-1"]?.record)
            #expect(record.contains(#""brand":"ACME""#) && record.contains(#""invoiceNumber":"007""#))
            #expect(try Stage.names(in: stage.folder.url.appendingPathComponent("state/bodies")).isEmpty)
        }
    }

    /// A part of one document has a reference that another document may bring as its own.
    @Test(arguments: [["RUN", "RUN-1of2"], ["RUN-1of2", "RUN"]])
    func noPartLeavesUnderAReferenceOfAnotherDocument(references: [String]) async throws {
        try await Stage.run(top: "limits: {recordsPerBatch: 2}", inbox: "ownReference: keep") { stage in
            for (index, reference) in references.enumerated() {
                let records = (1...(reference == "RUN" ? 4 : 2)).map {
                    #"{"clientReferenceId": "\#(reference)-\#($0)", "invoiceNumber": "1", "outstandingAmount": 1}"#
                }
                try stage.drop(
                    #"{"batchReferenceId": "\#(reference)", "accounts": [\#(records.joined(separator: ","))]}"#,
                    as: "\(index).json")
                #expect(try await stage.result(of: "\(index).json").outcome == "accepted")
            }
            #expect(stage.sandbox.accepted.map(\.mismatches) == [0, 0, 0])
            #expect(stage.sandbox.books.accounts.count == 6)
        }
    }

    @Test func equalDropsAtTheSameMomentAreSentOnce() async throws {
        try await Stage.run { stage in
            for number in 0..<20 { try stage.drop(Stage.account("INV-1"), as: "orders-\(number).json") }
            try await stage.waitForFiled(20)
            #expect(stage.filed.filter { $0.outcome == .accepted }.count == 1)
            #expect(stage.filed.filter { $0.outcome == .duplicate }.count == 19)
            #expect(stage.sandbox.accepted.map(\.acceptances) == [1])
            #expect(stage.sandbox.accepted.map(\.repeats) == [0])
        }
    }

    @Test func aFailedDropThatComesBackIsSentUnderItsOldReference() async throws {
        try await Stage.run { stage in
            stage.sandbox.script([.closeAfterApply, .closeAfterApply, .closeAfterApply])
            try stage.drop(Stage.account("INV-1"), as: "orders.json")
            let failed = try await stage.result(of: "orders.json")
            #expect(failed.code == "submit.network")
            // As other bytes: what is sent has to be what was sent before, not what lies in the new file.
            try stage.drop(Stage.account("INV-1", amount: "10.5000"), as: "again.json")
            let accepted = try await stage.result(of: "again.json")
            #expect(accepted.outcome == "accepted")
            #expect(accepted.reference == failed.reference)
            #expect(stage.sandbox.accepted.map(\.acceptances) == [1])
            #expect(stage.sandbox.accepted.map(\.mismatches) == [0])
            #expect(try Stage.names(in: stage.folder.url.appendingPathComponent("state/bodies")).isEmpty)
        }
    }

    @Test func theTokenIsAskedForOnceForManyDrops() async throws {
        try await Stage.run { stage in
            for number in 0..<200 { try stage.drop(Stage.account("INV-\(number)"), as: "orders-\(number).json") }
            try await stage.waitForFiled(200)
            #expect(stage.filed.allSatisfy { $0.outcome == .accepted })
            #expect(stage.sandbox.tokenRequests == 1)
        }
    }

    @Test func anExpiredTokenInTheMiddleIsRenewedOnceAndLosesNothing() async throws {
        try await Stage.run { stage in
            for number in 0..<50 { try stage.drop(Stage.account("A-\(number)"), as: "a-\(number).json") }
            try await eventually("some are accepted") { stage.sandbox.accepted.count >= 10 }
            stage.sandbox.revokeTokens()
            for number in 0..<50 { try stage.drop(Stage.account("B-\(number)"), as: "b-\(number).json") }
            try await stage.waitForFiled(100)
            #expect(stage.filed.allSatisfy { $0.outcome == .accepted })
            #expect(stage.sandbox.tokenRequests == 2)
            #expect(stage.sandbox.accepted.count == 100)
            #expect(stage.sandbox.accepted.allSatisfy { $0.acceptances == 1 })
        }
    }

    @Test func aStoppedServiceGoesOnWhereItWas() async throws {
        try await Sandbox.withServer(SandboxOptions(requestsPerMinute: nil)) { sandbox, address in
            let stage = try Stage(sandbox: sandbox, address: address)
            try stage.writeConfiguration()
            for number in 0..<50 { try stage.drop(Stage.account("INV-\(number)"), as: "orders-\(number).json") }
            for round in 1...5 {
                try await stage.whileServing {
                    try await eventually("some more are accepted") { sandbox.accepted.count >= min(50, round * 8) }
                }
            }
            try await stage.whileServing {
                try await eventually("all are in done") {
                    try Stage.names(in: stage.done).filter { !$0.hasSuffix(".result.json") }.count == 50
                }
            }
            #expect(sandbox.accepted.count == 50)
            #expect(sandbox.accepted.allSatisfy { $0.acceptances == 1 && $0.mismatches == 0 })
            #expect(try Stage.names(in: stage.failed).isEmpty)
            #expect(try Stage.names(in: stage.work).isEmpty)
            #expect(try Stage.names(in: stage.inbox).isEmpty)
        }
    }

    @Test func aReferenceOfTheSendersOwnIsKeptAndTakesNoOtherContent() async throws {
        try await Stage.run { stage in
            func document(_ amount: Int) -> String {
                #"{"batchReferenceId": "RUN-1", "payments": [{"clientReferenceId": "INV-1", "amount": \#(amount)}]}"#
            }
            try stage.drop(document(1), as: "one.json")
            #expect(try await stage.result(of: "one.json").reference == "RUN-1")
            try stage.drop(document(2), as: "two.json")
            let result = try await stage.result(of: "two.json")
            #expect(result.code == "reference.conflict")
            #expect(stage.sandbox.accepted.count == 1)
        }
    }
}
