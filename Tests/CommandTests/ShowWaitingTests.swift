import Foundation
import Sandbox
import TestSupport
import Testing

/// What `sluice show` says of drops that are on their way, beside a service that runs and without one.
@Suite(.timeLimit(.minutes(5))) struct ShowWaitingTests {
    private static let environment = ["SECRET_OF_THE_TEST": "x"]

    private static func account(_ reference: String, _ amount: Int = 1) -> String {
        #"{"accounts":[{"clientReferenceId":"\#(reference)","invoiceNumber":"1","outstandingAmount":\#(amount)}]}"#
    }

    private struct Place: Sendable {
        let folder: TemporaryFolder
        let sandbox: Sandbox

        var inbox: URL { folder.url.appendingPathComponent("erp/inbox") }

        func sluice(_ arguments: String...) async throws -> Program.Ended {
            try await Program.run(arguments, in: folder.url, environment: ShowWaitingTests.environment)
        }

        func waitsFor(_ drop: String) async throws -> [String: Any]? {
            let ended = try await sluice("show", "--json", drop)
            let json = try JSONSerialization.jsonObject(with: Data(ended.output.utf8)) as? [String: Any]
            return json?["waitsFor"] as? [String: Any]
        }

        /// Waits until a drop waits for this.
        func until(_ drop: String, waitsFor what: String) async throws -> [String: Any] {
            var last: [String: Any]?
            try await eventually("\(drop) waits for \(what)") {
                guard try await sluice("show", drop).status == 0 else { return false }
                last = try await waitsFor(drop)
                return last?["what"] as? String == what
            }
            return last ?? [:]
        }

        func serving(_ body: () async throws -> Void) async throws {
            let service = try Program.Running(["run"], in: folder.url, environment: ShowWaitingTests.environment)
            try await eventually("it runs") { try service.errors.contains("started") }
            try await body()
            service.signal(SIGTERM)
            #expect(try await service.status == 0)
        }
    }

    private static func withPlace(
        inbox: String = "settle: 0s", top: String = "",
        options: SandboxOptions = SandboxOptions(requestsPerMinute: nil),
        _ body: @escaping @Sendable (Place) async throws -> Void
    ) async throws {
        try await Sandbox.withServer(options) { sandbox, address in
            let place = Place(folder: try TemporaryFolder(), sandbox: sandbox)
            _ = try place.folder.subfolder("erp/inbox")
            let text = CommandTests.configuration(api: address.baseURL, inbox: inbox)
            try place.folder.url.write(text + top, as: "sluice.yaml")
            try await body(place)
        }
    }

    @Test func aFileInAnInboxSettlesOrWantsItsMarker() async throws {
        try await Self.withPlace(inbox: "settle: 1h") { place in
            try place.inbox.write(Self.account("A"), as: "a.json")
            try await place.serving {
                let settling = try await place.until("erp/inbox/a.json", waitsFor: "settling")
                #expect(settling["until"] is String)
                let shown = try await place.sluice("show", "erp/inbox/a.json")
                #expect(shown.output.contains("in the inbox erp") && shown.output.contains("waits for settling: It is"))
                #expect(try await place.sluice("show", "erp/inbox/b.json").status == 66)
            }
            let stopped = try await place.sluice("show", "erp/inbox/a.json")
            #expect(stopped.status == 0 && stopped.output.contains("The service does not run"))
        }
        try await Self.withPlace(inbox: "settle: 0s, ready: \"{name}.ready\"") { place in
            try place.inbox.write(Self.account("A"), as: "a.json")
            try await place.serving {
                let ready = try await place.until("erp/inbox/a.json", waitsFor: "ready")
                #expect((ready["message"] as? String)?.contains("a.json.ready") == true && ready["until"] is NSNull)
            }
        }
    }

    @Test func anAttachmentWaitsForItsAccountAndThenForTheService() async throws {
        try await Self.withPlace { place in
            try place.inbox.write("%PDF-1.4\nan invoice\n%%EOF\n", as: "INV-1.pdf")
            try await place.serving {
                let account = try await place.until("INV-1.pdf", waitsFor: "account")
                #expect(account["until"] is String)
                _ = try await place.sluice("pause", "erp")
                let pause = try await place.until("INV-1.pdf", waitsFor: "pause")
                #expect((pause["message"] as? String)?.contains("sluice resume erp") == true)
                _ = try await place.sluice("resume")
            }
            let stopped = try await place.sluice("show", "INV-1.pdf")
            #expect(
                stopped.status == 0 && stopped.output.contains("The service does not run. By the ledger: the API did"))
            #expect(try await place.waitsFor("INV-1.pdf")?["what"] as? String == "service")
        }
    }

    @Test func aLaterDocumentWaitsForTheAnswerToTheEarlier() async throws {
        try await Self.withPlace { place in
            place.sandbox.script([.hang])
            try await place.serving {
                try place.inbox.write(Self.account("A", 1), as: "1.json")
                _ = try await place.until("1.json", waitsFor: "answer")
                try place.inbox.write(Self.account("A", 2), as: "2.json")
                let turn = try await place.until("2.json", waitsFor: "turn")
                #expect((turn["message"] as? String)?.contains("1.json") == true && turn["behind"] is String)
            }
            // The request that was cut off is written down.
            #expect(try await place.sluice("show", "1.json").output.contains("By the ledger: its last attempt"))
        }
    }

    @Test func aDropIsFoundByWhereItCameFromAndByWhereItLies() async throws {
        try await Self.withPlace { place in
            place.sandbox.script([.hang])
            try await place.serving {
                try place.inbox.write(Self.account("A", 1), as: "a.json")
                _ = try await place.until("erp/inbox/a.json", waitsFor: "answer")
                _ = try await place.until("erp/.work/a.json", waitsFor: "answer")
                // The next of this name, which waits behind it.
                try place.inbox.write(Self.account("A", 2), as: "a.json")
                _ = try await place.until("erp/inbox/a.json", waitsFor: "turn")
                #expect(try await place.waitsFor("erp/.work/1/a.json")?["what"] as? String == "turn")
                #expect(try await place.waitsFor("erp/.work/a.json")?["what"] as? String == "answer")
                // What lies in the inbox now is another one.
                _ = try await place.sluice("pause", "erp")
                _ = try await place.until("erp/.work/1/a.json", waitsFor: "pause")
                try place.inbox.write(Self.account("A", 3), as: "a.json")
                let shown = try await place.sluice("show", "erp/inbox/a.json")
                #expect(shown.output.contains("in the inbox erp"))
            }
            for path in ["erp/inbox/b.json", "erp/.work/b.json", "erp/.work/2/a.json", "erp/.work/x/a.json"] {
                #expect(try await place.sluice("show", path).status == 66)
            }
            // Nobody has to be asked.
            let stopped = try await place.sluice("show", "erp/.work/1/a.json")
            #expect(stopped.status == 0 && stopped.output.contains("The service does not run. By the ledger"))
        }
    }

    @Test func anAcceptedDocumentMayNotBeProcessed() async throws {
        var faults = FaultPlan()
        faults.applyDelay = .seconds(3600) ... .seconds(3600)
        try await Self.withPlace(options: SandboxOptions(requestsPerMinute: nil, faults: faults)) { place in
            try await place.serving {
                try place.inbox.write(Self.account("A", 1), as: "1.json")
                try await eventually("it is accepted") { place.sandbox.accepted.count == 1 }
                try place.inbox.write(Self.account("A", 2), as: "2.json")
                let wait = try await place.until("2.json", waitsFor: "orderWait")
                #expect(wait["until"] is String && wait["behind"] is String)
            }
        }
    }

    @Test func theRateIsWaitedForUntilASlotIsFree() async throws {
        try await Self.withPlace(top: "limits: {requestsPerMinute: 2}\n") { place in
            try await place.serving {
                try place.inbox.write(Self.account("A"), as: "a.json")
                try await eventually("token and document took both slots") { place.sandbox.accepted.count == 1 }
                try place.inbox.write(Self.account("B"), as: "b.json")
                let rate = try await place.until("b.json", waitsFor: "rate")
                #expect(rate["until"] is String)
            }
        }
    }

    @Test func anOutageIsWaitedForUntilTheNextProbe() async throws {
        try await Self.withPlace(top: "breaker: {failures: 2, probe: 1h}\n") { place in
            place.sandbox.script([ScriptedAnswer](repeating: .status(503), count: 20))
            try await place.serving {
                for name in ["a", "b"] { try place.inbox.write(Self.account(name), as: "\(name).json") }
                try await eventually("one of them waits for the end of an outage") {
                    try await place.sluice("status").output.contains("submission pauses by itself")
                }
                let names = try await place.sluice("list", "--pending", "--json").output
                let waiting = try #require(["a.json", "b.json"].first { names.contains($0) })
                let outage = try await place.until(waiting, waitsFor: "outage")
                #expect(outage["until"] is String)
                #expect(try await place.sluice("status").status == 1)
            }
        }
    }

    @Test func theNextAttemptHasATime() async throws {
        try await Self.withPlace { place in
            place.sandbox.script([.retryAfter("3000")])
            try await place.serving {
                try place.inbox.write(Self.account("A"), as: "a.json")
                let retry = try await place.until("a.json", waitsFor: "retry")
                #expect(retry["until"] is String)
            }
        }
    }
}
