import Foundation
import JSONText
import Model
import Sandbox
import TestSupport
import Testing

/// Documents over the limits of one request, and over what may be held.
@Suite struct LargeDocumentTests {
    private static func accounts(_ count: Int, _ filler: Int = 0, amount: String = "1.50") -> String {
        let note = String(repeating: "x", count: filler)
        let records = (0..<count).map {
            #"{"clientReferenceId":"INV-\#($0)","invoiceNumber":"\#($0)","outstandingAmount":\#(amount),"note":"\#(note)"}"#
        }
        return #"{"accounts":[\#(records.joined(separator: ",\n"))]}"#
    }

    private static func requests(_ stage: Stage) -> Int { stage.sandbox.accepted.count }

    @Test func aDocumentThatCannotBeHeldIsSentInParts() async throws {
        // 2 MB of records; half of 1 MB may be held.
        try await Stage.run(top: "limits: {memory: 1MB, jsonBytes: 500KB}") { stage in
            try stage.drop(Self.accounts(2000, 900), as: "large.json")
            let result = try await stage.result(of: "large.json")
            #expect(result.outcome == "accepted")
            #expect(result.batches.count == 4 || result.batches.count == 5)
            #expect(result.batches.allSatisfy { $0["state"]?.string == "accepted" })
            #expect(result.batches.reduce(0) { $0 + ($1["records"]?.int ?? 0) } == 2000)
            #expect(stage.sandbox.books.accounts.count == 2000)
            #expect(stage.sandbox.books.accounts.values.allSatisfy { $0.times == 1 })
            // It is the content that counts, not how it was read.
            try stage.drop(Self.accounts(2000, 900, amount: "1.5"), as: "again.json")
            #expect(try await stage.result(of: "again.json").duplicateOf == "large.json")
            #expect(Self.requests(stage) == result.batches.count)
        }
    }

    @Test func whatIsWrongInALargeDocumentIsNamedByItsLine() async throws {
        try await Stage.run(top: "limits: {memory: 1MB}") { stage in
            let text = Self.accounts(2000, 900).replacing(
                #""INV-1777","invoiceNumber":"1777""#, with: #""INV-1777","invoiceNumber":1777"#)
            try stage.drop(text, as: "large.json")
            let result = try await stage.result(of: "large.json")
            #expect(result.code == "schema.json" && result.errors.count == 1)
            #expect(result.errors.first?["pointer"]?.string == "/accounts/1777/invoiceNumber")
            #expect(result.errors.first?["line"]?.int == 1778)
            #expect(result.errors.first?["record"]?.string == "INV-1777")
            #expect(Self.requests(stage) == 0)
        }
    }

    @Test func aLargeDocumentWithMappingIsSentAsItWasConverted() async throws {
        try await Stage.run(
            top: "limits: {memory: 1MB, jsonBytes: 500KB}",
            inbox: "mapping: {Ref: clientReferenceId}\nset: {brand: ACME}"
        ) {
            stage in
            try stage.drop(Self.accounts(1500, 900).replacing("clientReferenceId", with: "Ref"), as: "large.json")
            let result = try await stage.result(of: "large.json")
            #expect(result.outcome == "accepted" && result.batches.count > 2)
            #expect(stage.sandbox.books.accounts.count == 1500)
            #expect(stage.sandbox.books.accounts.values.allSatisfy { $0.record.contains(#""brand":"ACME""#) })
        }
    }

    @Test(arguments: [false, true]) func whatComesBackSendsOnlyThePartsThatWereNotAccepted(isLarge: Bool) async throws {
        let memory = isLarge ? "1MB, jsonBytes: 500KB" : "256MB, recordsPerBatch: 500"
        try await Stage.run(top: "limits: {memory: \(memory)}\nretry: {base: 10ms, cap: 20ms}") { stage in
            // The second part fails for good, as far as this run is concerned.
            stage.sandbox.script([.ok, .status(503), .status(503), .status(503)])
            try stage.drop(Self.accounts(1500, 900), as: "large.json")
            let failed = try await stage.result(of: "large.json")
            #expect(failed.outcome == "failed" && failed.code == "submit.serverError")
            #expect(failed.batches.first?["state"]?.string == "accepted")
            #expect(failed.batches.dropFirst().allSatisfy { $0["state"]?.string != "accepted" })

            try FileManager.default.moveItem(
                at: stage.failed.appendingPathComponent("large.json"),
                to: stage.inbox.appendingPathComponent("back.json"))
            let done = try await stage.result(of: "back.json")
            #expect(done.outcome == "accepted")
            #expect(stage.sandbox.books.accounts.count == 1500)
            // The first part once, the second four times, each of the others once.
            #expect(stage.sandbox.requests.count { $0.method == "PUT" } == done.batches.count + 3)
            #expect(done.batches.allSatisfy { $0["state"]?.string == "accepted" })
            #expect(done.batches.map { $0["reference"]?.string } == failed.batches.map { $0["reference"]?.string })
        }
    }

    @Test(arguments: [1, 3]) func aStopInTheMiddleOfARequestAndAnotherConfiguration(parts: Int) async throws {
        try await Stage.prepare { stage in
            let memory = "limits: {memory: 1MB, jsonBytes: \(parts == 1 ? "2MB" : "200KB")}"
            stage.sandbox.script(parts == 1 ? [.hangAfterApply] : [.ok, .hangAfterApply])
            try await stage.serve(top: memory) {
                try stage.drop(Self.accounts(500, 900), as: "large.json")
                try await stage.sandbox.until { $0.accepted.count == min(parts, 2) }
            }
            try await stage.serve(top: memory, ["erp": "set: {brand: ACME}"]) {
                let result = try await stage.result(of: "large.json")
                #expect(result.outcome == "accepted", "\(result)")
                #expect(result.batches.count == parts)
            }
            #expect(stage.sandbox.accepted.map(\.repeats).reduce(0, +) == 1)
            #expect(stage.sandbox.accepted.allSatisfy { $0.mismatches == 0 })
            #expect(stage.sandbox.books.accounts.count == 500)
            #expect(stage.sandbox.books.accounts.values.allSatisfy { $0.times == 1 })
        }
    }
}

/// XML documents over what may be held: they are converted on the way, and what was converted is kept on disk.
extension LargeDocumentTests {
    private static func xml(_ count: Int, _ filler: Int, encoding: String = "UTF-8") -> String {
        let note = String(repeating: "ë", count: filler)
        let records = (0..<count).map {
            "<account id='\($0)'><clientReferenceId>INV-\($0)</clientReferenceId><invoiceNumber>\($0)</invoiceNumber>"
                + "<outstandingAmount>1.50</outstandingAmount><note>\(note)</note></account>"
        }
        return "<?xml version='1.0' encoding='\(encoding)'?>\n<accounts>\n\(records.joined(separator: "\n"))</accounts>"
    }

    @Test(arguments: [String.Encoding.utf8, .isoLatin1])
    func anXMLDocumentThatCannotBeHeldIsSentInParts(encoding: String.Encoding) async throws {
        let name = encoding == .utf8 ? "UTF-8" : "ISO-8859-1"
        try await Stage.run(
            top: "limits: {memory: 1MB, jsonBytes: 500KB}", inbox: "mapping: {id: reference}\nset: {brand: ACME}"
        ) { stage in
            let data = try #require(Self.xml(2000, encoding == .utf8 ? 450 : 900, encoding: name).data(using: encoding))
            try data.write(to: stage.inbox.appendingPathComponent("large.xml"))
            let result = try await stage.result(of: "large.xml")
            #expect(result.outcome == "accepted", "\(result)")
            #expect(result.batches.count > 4)
            #expect(result.batches.reduce(0) { $0 + ($1["records"]?.int ?? 0) } == 2000)
            let accounts = stage.sandbox.books.accounts
            #expect(accounts.count == 2000 && accounts.values.allSatisfy { $0.times == 1 })
            #expect(accounts.values.allSatisfy { $0.record.contains(#""brand":"ACME""#) && $0.record.contains("ë") })
            #expect(accounts["INV-77"]?.record.contains(#""reference":"77""#) == true)
        }
    }

    @Test func whatIsWrongInALargeXMLDocumentIsNamedByItsLine() async throws {
        try await Stage.run(top: "limits: {memory: 1MB}") { stage in
            let text = Self.xml(2000, 450).replacing(
                ">1777</invoiceNumber><outstandingAmount>1.50<", with: ">1777</invoiceNumber><outstandingAmount>x<")
            try stage.drop(text, as: "large.xml")
            let result = try await stage.result(of: "large.xml")
            #expect(result.code == "schema.xml" && result.errors.count == 1)
            #expect(result.errors.first?["pointer"]?.string == "/accounts/1777/outstandingAmount")
            #expect(result.errors.first?["line"]?.int == 1780)
            #expect(result.errors.first?["record"]?.string == "INV-1777")
            #expect(Self.requests(stage) == 0)
        }
    }

    @Test func aLargeXMLDocumentAndItsJSONAreTheSame() async throws {
        try await Stage.run(top: "limits: {memory: 1MB, jsonBytes: 500KB}") { stage in
            try stage.drop(Self.xml(1500, 450).replacing(" id='", with: " x='"), as: "large.xml")
            #expect(try await stage.result(of: "large.xml").outcome == "accepted")
            let note = String(repeating: "ë", count: 450)
            let records = (0..<1500).map {
                #"{"x":"\#($0)","note":"\#(note)","clientReferenceId":"INV-\#($0)","invoiceNumber":"\#($0)","outstandingAmount":1.5}"#
            }
            try stage.drop(#"{"accounts":[\#(records.joined(separator: ",\n"))]}"#, as: "again.json")
            #expect(try await stage.result(of: "again.json").duplicateOf == "large.xml")
        }
    }

    @Test func aLargeXMLDocumentThatComesBackSendsOnlyThePartsThatWereNotAccepted() async throws {
        try await Stage.run(top: "limits: {memory: 1MB, jsonBytes: 500KB}\nretry: {base: 10ms, cap: 20ms}") { stage in
            stage.sandbox.script([.ok, .status(503), .status(503), .status(503)])
            try stage.drop(Self.xml(1500, 450), as: "large.xml")
            let failed = try await stage.result(of: "large.xml")
            #expect(failed.outcome == "failed" && failed.code == "submit.serverError")
            try FileManager.default.moveItem(
                at: stage.failed.appendingPathComponent("large.xml"),
                to: stage.inbox.appendingPathComponent("back.xml"))
            let done = try await stage.result(of: "back.xml")
            #expect(done.outcome == "accepted")
            #expect(stage.sandbox.books.accounts.count == 1500)
            #expect(stage.sandbox.requests.count { $0.method == "PUT" } == done.batches.count + 3)
            #expect(done.batches.map { $0["reference"]?.string } == failed.batches.map { $0["reference"]?.string })
        }
    }
}
