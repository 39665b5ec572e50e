import Foundation
import JSONText
import Model
import Sandbox
import Service
import Testing
import TestSupport

/// Who waits for whom, over a real socket (contract, section 7).
@Suite struct OrderTests {
    /// A server that takes its time with all that it accepted.
    private static var slow: SandboxOptions {
        var faults = FaultPlan()
        faults.applyDelay = .seconds(3600) ... .seconds(3600)
        return SandboxOptions(requestsPerMinute: nil, attachmentsNeedAccount: false, faults: faults)
    }

    private func reference(_ name: String, _ stage: Stage) async throws -> String {
        try #require(try await stage.result(of: name).reference)
    }

    @Test func aLaterDocumentOfTheSameAccountLeavesWhenTheEarlierCountsAsProcessed() async throws {
        try await Stage.prepare(options: Self.slow) { stage in
            try await stage.serve(orderWait: "1500ms") {
                try stage.drop(Stage.account("INV-1", amount: "1"), as: "1.json")
                try stage.drop(Stage.payments("INV-1=5"), as: "2.json")
                try stage.drop(Stage.account("INV-2", amount: "1"), as: "3.json")
                let references = try await [
                    reference("1.json", stage), reference("3.json", stage), reference("2.json", stage),
                ]
                let times = references.flatMap { stage.times(of: $0) }
                #expect(times.count == 3)
                // The server sees a request before it ends: half a second is room for that.
                #expect(times[2].timeIntervalSince(times[0]) >= 1)
                #expect(times[1] < times[2])
            }
            let taken = stage.allEvents.filter { if case .takenForProcessed = $0 { true } else { false } }
            #expect(taken.count == 1)
        }
    }

    @Test(arguments: [false, true]) func theAPIsWordReleasesThemEarlier(isRejected: Bool) async throws {
        var faults = FaultPlan()
        faults.applyDelay = .milliseconds(300) ... .milliseconds(300)
        try await Stage.prepare(options: SandboxOptions(requestsPerMinute: nil, faults: faults)) { stage in
            if isRejected { stage.sandbox.rejectRecords(of: "INV-1") }
            try await stage.serve(orderWait: "1h") {
                for number in 1...3 {
                    try stage.drop(Stage.account("INV-1", amount: "\(number)"), as: "\(number).json")
                    _ = try await reference("\(number).json", stage)
                }
                try stage.drop(Stage.account("INV-1", amount: "2"), as: "4.json")
                let again = try await reference("4.json", stage)
                #expect(again.hasSuffix("-r2"))
                // The API refused the record each time: what it took is no ground for a duplicate.
                try stage.drop(Stage.account("INV-1", amount: "9"), as: "5.json")
                _ = try await reference("5.json", stage)
                try stage.drop(Stage.account("INV-1", amount: "2"), as: "6.json")
                #expect(try await reference("6.json", stage).hasSuffix("-r3"))
            }
            let taken = stage.allEvents.filter { if case .takenForProcessed = $0 { true } else { false } }
            #expect(taken.isEmpty)
            #expect(stage.sandbox.requests.contains { $0.path.contains("/status/") })
        }
    }

    @Test func itIsWaitedForAfterARestartToo() async throws {
        try await Stage.prepare(options: Self.slow) { stage in
            try await stage.serve(orderWait: "3s") {
                try stage.drop(Stage.account("INV-1", amount: "1"), as: "1.json")
                _ = try await reference("1.json", stage)
                try stage.drop(Stage.account("INV-1", amount: "2"), as: "2.json")
                try await eventually("it is taken") { try Stage.names(in: stage.work).contains("2.json") }
            }
            try await stage.serve(orderWait: "3s") {
                let references = try await [reference("1.json", stage), reference("2.json", stage)]
                let times = references.flatMap { stage.times(of: $0) }
                #expect(times.count == 2 && times[1].timeIntervalSince(times[0]) >= 2)
            }
        }
    }

    @Test func anAttachmentWaitsForTheAccountBeforeItAndIsNotEarlyThen() async throws {
        try await Stage.prepare(options: Self.slow) { stage in
            try await stage.serve(orderWait: "1500ms") {
                try stage.drop(Stage.account("INV-1", amount: "1"), as: "1.json")
                try stage.drop("%PDF-1.4\nan invoice\n%%EOF\n", as: "INV-1.pdf")
                let attachment = try await stage.result(of: "INV-1.pdf")
                #expect(attachment.attempts.map { $0["status"]?.int } == [202])
                let account = try await reference("1.json", stage)
                let times = stage.times(of: account)
                let sent = stage.times(of: attachment.reference ?? "")
                #expect(sent.count == 1 && sent[0].timeIntervalSince(times[0]) >= 1)
            }
        }
    }

    @Test func aFailedDocumentReleasesThoseBehindItAtOnce() async throws {
        try await Stage.prepare { stage in
            stage.sandbox.script([.status(422)])
            try await stage.serve(orderWait: "1h") {
                try stage.drop(Stage.account("INV-1", amount: "1"), as: "1.json")
                try stage.drop(Stage.account("INV-1", amount: "2"), as: "2.json")
                #expect(try await stage.result(of: "2.json").outcome == "accepted")
                #expect(try await stage.result(of: "1.json").outcome == "failed")
            }
        }
    }

    @Test func aDuplicateWaitsForNoProcessing() async throws {
        try await Stage.prepare(options: Self.slow) { stage in
            try await stage.serve(orderWait: "1h") {
                for name in ["1.json", "2.json", "3.json"] { try stage.drop(Stage.account("INV-1"), as: name) }
                #expect(try await stage.result(of: "3.json").duplicateOf == "1.json")
            }
        }
    }

    @Test func thoseThatWaitStandInNobodysWay() async throws {
        try await Stage.prepare(options: Self.slow) { stage in
            // More than there are places, and more bytes than may be held at once.
            let count = 100
            let filler = String(repeating: " ", count: 20_000)
            try await stage.serve(orderWait: "1h", top: "limits: {memory: 1MB}") {
                for number in 0..<count {
                    let name = number < 10 ? "0\(number)" : "\(number)"
                    try stage.drop(Stage.account("INV-1", amount: "\(number)") + filler, as: "\(name).json")
                }
                try await eventually("all are taken") {
                    try Stage.names(in: stage.inbox).isEmpty && stage.filed.count == 1
                }
                try stage.drop(Stage.account("INV-2") + filler, as: "other.json")
                #expect(try await stage.result(of: "other.json").outcome == "accepted")
                try await stage.waitForFiled(2)
            }
            // What waits is known to the ledger with its number, and goes on in order.
            try await stage.serve { try await stage.waitForFiled(count + 1) }
            let results = stage.filed.filter { $0.drop.name != FileName("other.json") }
                .sorted { $0.drop.arrival < $1.drop.arrival }
            let names = results.map(\.drop.name.description)
            #expect(names == names.sorted())
            #expect(names.count == count)
            // The next one may be filed before the one that it waited for is.
            let references = results.flatMap { $0.batches.map(\.batch.reference) }
            #expect(stage.sandbox.accepted.map(\.reference).filter(Set(references).contains) == references)
            #expect(stage.sandbox.accepted.count == count + 1)
        }
    }

    @Test func earlyAttachmentsStandInNobodysWay() async throws {
        try await Stage.prepare { stage in
            for inbox in ["", "ordering: strict"] {
                stage.sandbox.reset()
                let run = inbox.isEmpty ? "a" : "b"
                try await stage.serve(["erp": inbox]) {
                    for number in 0..<80 {
                        try stage.drop("%PDF-1.4\n\(run) \(number)\n%%EOF\n", as: "\(run)\(number).pdf")
                    }
                    try await stage.sandbox.until { $0.requests.filter { $0.status == 404 }.count == 80 }
                    try stage.drop(Stage.account("\(run)7"), as: "\(run).json")
                    #expect(try await stage.result(of: "\(run).json").outcome == "accepted")
                    #expect(try await stage.result(of: "\(run)7.pdf").outcome == "accepted")
                }
            }
        }
    }

    /// More than are under way at the same time: what they wait for goes before the rest of them.
    @Test func howeverManyAttachmentsAreEarlyTheirAccountsAreTaken() async throws {
        try await Stage.prepare { stage in
            try await stage.serve(top: "limits: {requestsPerMinute: unlimited, inFlight: 32}") {
                for number in 0..<4100 {
                    try stage.drop("%PDF-1.4\n\(number)\n%%EOF\n", as: "A\(number).pdf")
                }
                try await eventually("as many as are taken wait", within: .seconds(180)) {
                    try Stage.names(in: stage.inbox).count == 4
                        && stage.sandbox.requests.count { $0.status == 404 } == 4096
                }
                let records = (0..<1100).map {
                    #"{"clientReferenceId": "A\#($0)", "invoiceNumber": "1", "outstandingAmount": 1}"#
                }
                try stage.drop(#"{"accounts": [\#(records.joined(separator: ","))]}"#, as: "accounts.json")
                #expect(try await stage.result(of: "accounts.json").outcome == "accepted")
                try await eventually("the others are taken") { try Stage.names(in: stage.inbox).isEmpty }
                try await stage.waitForFiled(1101)
            }
        }
    }

    @Test func strictIsOneAfterTheOther() async throws {
        var faults = FaultPlan()
        faults.latency = .milliseconds(20) ... .milliseconds(60)
        let options = SandboxOptions(requestsPerMinute: nil, faults: faults)
        try await Stage.prepare(options: options) { stage in
            try stage.configure(["erp": "ordering: strict\nsort: name"])
            for number in 10..<30 { try stage.drop(Stage.account("INV-\(number)"), as: "\(number).json") }
            stage.sandbox.script([.ok, .status(503), .ok, .ok, .status(422)])
            try await stage.whileServing { try await stage.waitForFiled(20) }
            let arrivals = stage.filed.sorted { $0.drop.arrival < $1.drop.arrival }
            let references = arrivals.flatMap { $0.batches.map(\.batch.reference) }
            var seen = stage.sandbox.requests.compactMap(\.reference)
            // The one that was repeated is there twice in a row.
            seen = zip(seen, seen.dropFirst() + [""]).filter { $0 != $1 }.map(\.0)
            #expect(seen == references)
            #expect(arrivals.map(\.drop.name.description) == (10..<30).map { "\($0).json" })
        }
    }

    /// Documents about few accounts, a server that queues and lets one overtake the other, and broken connections: the
    /// books have to be those of the documents one by one.
    @Test(arguments: 1...3 as ClosedRange<UInt64>)
    func theBooksAreThoseOfTheDocumentsOneByOne(seed: UInt64) async throws {
        var faults = FaultPlan()
        faults.applyDelay = .zero ... .milliseconds(150)
        faults.chances = [.init(.status(503), percent: 5), .init(.drop, percent: 5)]
        let options = SandboxOptions(requestsPerMinute: nil, faults: faults, seed: seed)
        try await Stage.prepare(options: options) { stage in
            var generator = SeededGenerator(seed: seed)
            try stage.configure(orderWait: "600ms", top: "limits: {inFlight: 16}", ["erp": "sort: name"])
            for number in 10..<50 {
                let accounts = Set((0...2).map { _ in Int.random(in: 0..<12, using: &generator) }).sorted().map {
                    #"{"clientReferenceId": "INV-\#($0)", "invoiceNumber": "\#(number)", "outstandingAmount": 1}"#
                }
                try stage.drop("{\"accounts\": [\(accounts.joined(separator: ", "))]}", as: "\(number).json")
            }
            try await stage.whileServing {
                try await eventually("all are filed", within: .seconds(300)) { stage.filed.count == 40 }
            }
            try await eventually("all is applied") { stage.sandbox.books.accounts.count == 12 }
            try await Task.sleep(for: .milliseconds(200))
            var expected: [String: String] = [:]
            for result in stage.filed.sorted(by: { $0.drop.arrival < $1.drop.arrival })
            where result.outcome == .accepted {
                let file = stage.done.appendingPathComponent(result.drop.name.description)
                let document = try JSONDocument(parsing: Array(Data(contentsOf: file)))
                for account in document.root["accounts"].map({ Array($0.elements) }) ?? [] {
                    expected[account["clientReferenceId"]?.string ?? ""] = account["invoiceNumber"]?.string
                }
            }
            for (account, number) in expected {
                let record = stage.sandbox.books.accounts[account]?.record ?? ""
                #expect(record.contains("\"invoiceNumber\":\"\(number)\""), "\(account): \(record), not \(number)")
            }
            #expect(expected.count == 12)
        }
    }

    @Test func tenThousandDropsOfOneInboxDelayOneOfAnotherByATurn() async throws {
        var faults = FaultPlan()
        faults.latency = .milliseconds(5) ... .milliseconds(5)
        let options = SandboxOptions(requestsPerMinute: nil, faults: faults)
        try await Stage.prepare(options: options) { stage in
            let inboxes: Stage.Inboxes = ["many": "", "one": ""]
            try stage.configure(top: "limits: {inFlight: 1}", inboxes)
            for number in 0..<10_000 {
                let file = stage.folder.url.appendingPathComponent("many/inbox/\(number).json")
                try Data(Stage.account("INV-\(number)").utf8).write(to: file)
            }
            try await stage.whileServing {
                try await stage.sandbox.until { $0.accepted.count >= 50 }
                try stage.drop(Stage.account("SINGLE"), as: "single.json", into: "one")
                // From when its drop stands in the queue there is at most one request before its own; until then it is
                // read, which takes a few requests' time.
                let before = stage.sandbox.accepted.count
                try await stage.sandbox.until { $0.books.accounts["SINGLE"] != nil }
                let single = stage.sandbox.books.accounts["SINGLE"]?.reference
                let position = stage.sandbox.accepted.firstIndex { $0.reference == single }
                #expect((position ?? .max) - before < 60, "of 10,000")
            }
        }
    }
}
