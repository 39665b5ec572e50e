import Foundation
import Sandbox
import TestSupport
import Testing

/// `sluice retry --as-new`, `--send-twice` and `--stale`, against the sandbox.
@Suite(.timeLimit(.minutes(5))) struct RetryTermsTests {
    private static let environment = ["SECRET_OF_THE_TEST": "x"]
    private static let payments = #"{"payments":[{"clientReferenceId":"INV-1","amount":5}]}"#

    private static func account(_ amount: Int) -> String {
        #"{"accounts":[{"clientReferenceId":"INV-1","invoiceNumber":"1","outstandingAmount":\#(amount)}]}"#
    }

    /// An inbox with files in it, through which a service went once.
    private struct Place: Sendable {
        let folder: TemporaryFolder
        let sandbox: Sandbox

        var inbox: URL { folder.url.appendingPathComponent("erp/inbox") }
        var done: URL { folder.url.appendingPathComponent("erp/done") }
        /// The names in `failed`, which is made when something fails.
        var failed: [String] {
            get throws {
                let failed = folder.url.appendingPathComponent("erp/failed")
                return FileManager.default.fileExists(atPath: failed.path) ? try failed.names : []
            }
        }

        func sluice(_ arguments: String..., killedAt point: String? = nil) async throws -> Program.Ended {
            var environment = RetryTermsTests.environment
            if let point { environment["SLUICE_KILL_AT"] = point }
            return try await Program.run(arguments, in: folder.url, environment: environment)
        }

        /// Drops a file, and runs the service over what is there.
        func drop(_ content: String, as name: String) async throws {
            try inbox.write(content, as: name)
            _ = try await sluice("run", "--once")
        }
    }

    private static func withPlace(
        inbox: String = "settle: 0s", _ body: @escaping @Sendable (Place) async throws -> Void
    ) async throws {
        try await Sandbox.withServer(SandboxOptions(requestsPerMinute: nil, attachmentsNeedAccount: false)) {
            sandbox, address in
            let place = Place(folder: try TemporaryFolder(), sandbox: sandbox)
            _ = try place.folder.subfolder("erp/inbox")
            try place.folder.url.write(
                CommandTests.configuration(api: address.baseURL, inbox: inbox), as: "sluice.yaml")
            try await body(place)
        }
    }

    @Test func anAcceptedDropIsSentUnderAFreshReferenceAndStaysInDone() async throws {
        try await Self.withPlace { place in
            try await place.drop(Self.account(5), as: "a.json")
            let plain = try await place.sluice("retry", "a.json")
            #expect(plain.status == 65 && plain.errors.contains("--as-new"))
            let retry = try await place.sluice("retry", "--as-new", "a.json")
            #expect(retry.status == 0 && retry.output == "a.json: back in erp as a.json, to be sent as new\n")
            #expect(try await place.sluice("run", "--once").status == 0)
            let references = place.sandbox.accepted.map(\.reference)
            #expect(references.count == 2 && references.last == references.first.map { $0 + "-r2" })
            #expect(
                try place.done.names == ["a.2.json", "a.2.json.result.json", "a.json", "a.json.result.json"])
            #expect(try await place.sluice("audit").status == 0)
            let show = try await place.sluice("show", "erp/done/a.2.json")
            #expect(show.output.contains("put back") && show.output.contains("--as-new"))
        }
    }

    @Test func acceptedPaymentsAreRefusedWithoutLeaveAndSentTwiceWithIt() async throws {
        try await Self.withPlace { place in
            try await place.drop(Self.payments, as: "p.json")
            let refused = try await place.sluice("retry", "--as-new", "p.json")
            #expect(refused.status == 65 && refused.errors.contains("its payments were accepted"))
            #expect(refused.errors.contains("--send-twice"))
            #expect(try place.inbox.names.isEmpty)
            #expect(try await place.sluice("retry", "--send-twice", "p.json").status == 64)
            #expect(try await place.sluice("retry", "--as-new", "--send-twice", "p.json").status == 0)
            // Somebody else drops the same content meanwhile.
            try place.inbox.write(Self.payments, as: "q.json")
            #expect(try await place.sluice("run", "--once").status == 0)
            #expect(place.sandbox.books.payments.map(\.count) == [2])
            let references = place.sandbox.books.payments.first?.references ?? []
            #expect(references.last == references.first.map { $0 + "-r2" })
            // And once more it is a duplicate.
            try await place.drop(Self.payments, as: "p.json")
            #expect(place.sandbox.books.payments.map(\.count) == [2])
            #expect(try place.failed.isEmpty)
        }
    }

    @Test func paymentsThatMayHaveBeenAcceptedAreRefusedWithoutLeave() async throws {
        try await Self.withPlace { place in
            place.sandbox.script([.closeAfterApply, .closeAfterApply, .closeAfterApply])
            try await place.drop(Self.payments, as: "p.json")
            #expect(try place.failed.contains("p.json"))
            let refused = try await place.sluice("retry", "--as-new", "p.json")
            #expect(refused.status == 65 && refused.errors.contains("nobody knows"))
            #expect(try await place.sluice("retry", "--as-new", "--send-twice", "p.json").status == 0)
            #expect(try place.failed.isEmpty)
            #expect(try await place.sluice("run", "--once").status == 0)
            #expect(place.sandbox.books.payments.map(\.count) == [2])
            #expect(place.sandbox.ambiguousReferences.isEmpty)
        }
    }

    @Test func anAttachmentSaysItsFreshReferenceToo() async throws {
        try await Self.withPlace { place in
            try await place.drop("%PDF-1.4\nan invoice\n%%EOF\n", as: "INV-1.pdf")
            #expect(try await place.sluice("retry", "--as-new", "INV-1.pdf").status == 0)
            // The first answer is lost: it is repeated as it was.
            place.sandbox.script([.closeAfterApply])
            #expect(try await place.sluice("run", "--once").status == 0)
            let accepted = place.sandbox.accepted
            #expect(accepted.count == 2 && accepted.last?.reference == accepted.first.map { $0.reference + "-r2" })
            #expect(place.sandbox.ambiguousReferences.isEmpty)
        }
    }

    @Test func anOlderDocumentGoesOnlyWhereItIsToWin() async throws {
        try await Self.withPlace { place in
            place.sandbox.script([.status(500), .status(500), .status(500)])
            try place.inbox.write(Self.account(1), as: "old.json")
            let service = try Program.Running(["run"], in: place.folder.url, environment: Self.environment)
            try await eventually("it failed") { try place.failed.contains("old.json.result.json") }
            try place.inbox.write(Self.account(2), as: "new.json")
            try await eventually("it came back, and was too late") {
                try await place.sluice("show", "old.json").output.contains("order.superseded")
            }
            try await eventually("it is filed") { try place.failed.contains("old.json") }
            let refused = try await place.sluice("retry", "old.json")
            #expect(refused.status == 65 && refused.errors.contains("--stale"))
            #expect(try await place.sluice("retry", "--as-new", "old.json").status == 65)
            #expect(try await place.sluice("retry", "--stale", "old.json").status == 0)
            try await eventually("the older one has won") {
                place.sandbox.books.accounts["INV-1"]?.record.contains("\"outstandingAmount\":1") == true
            }
            service.signal(SIGTERM)
            #expect(try await service.status == 0)
        }
    }

    // MARK: Killed in between

    @Test(arguments: ["retryBegins", "retryNoted", "retryCopyMade", "retryCopyPlaced", "retryMoved", "retryEnded"])
    func aRetryThatIsKilledAndGivenAgainSendsOnceMore(point: String) async throws {
        try await Self.withPlace { place in
            try await place.drop(Self.payments, as: "p.json")
            let killed = try await place.sluice("retry", "--as-new", "--send-twice", "p.json", killedAt: point)
            #expect(killed.status == 128 + SIGKILL, "never reached")
            #expect(try await place.sluice("retry", "--as-new", "--send-twice", "p.json").status == 0)
            #expect(try await place.sluice("run", "--once").status == 0)
            #expect(place.sandbox.books.payments.map(\.count) == [2])
            #expect(try await place.sluice("audit").status == 0)
        }
    }

    @Test(
        arguments: [
            "claimed", "judged", "admissionBegins", "admitted", "requestIntended", "answerArrived", "outcomeCommitted",
        ], ["settle: 0s", "settle: 0s, filing: copy", "settle: 0s, work: AWAY"])
    func aServiceThatIsKilledOnTheWaySendsItOnceAndAsNew(point: String, inbox: String) async throws {
        let away = URL(fileURLWithPath: "/dev/shm/sluice-retry-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: away) }
        try await Self.withPlace(inbox: inbox.replacing("AWAY", with: away.path)) { place in
            try await place.drop(Self.payments, as: "p.json")
            #expect(try await place.sluice("retry", "--as-new", "--send-twice", "p.json").status == 0)
            #expect(try await place.sluice("run", "--once", killedAt: point).status == 128 + SIGKILL, "never reached")
            #expect(try await place.sluice("run", "--once").status == 0)
            let references = place.sandbox.books.payments.first?.references ?? []
            #expect(references.last == references.first.map { $0 + "-r2" })
            #expect(place.sandbox.books.payments.map(\.count) == [2])
        }
    }
}
