import Delivery
import Model
import Testing
import TestSupport

/// Every row of the table of answers (contract, section 4), over a real socket.
@Suite(.timeLimit(.minutes(5))) struct AnswerTableTests {
    private static func reply(_ word: Substring) -> StubServer.Reply {
        switch word {
        case "close": .close
        case "half": .bytes("HTTP/1.1 200 OK\r\nContent-Le")
        case "garbage": .bytes("good morning\r\n\r\n")
        default: .status(Int(word) ?? 0, body: "{\"message\":\"said \(word)\"}")
        }
    }

    private static func word(_ delivered: Delivered) -> String {
        switch delivered {
        case .accepted: "accepted"
        case .refused(let problem): "refused \(problem.code.rawValue)"
        case .unresolved(let problem): "unresolved \(problem.code.rawValue)"
        case .early: "early"
        case .held: "held"
        case .handedOver: "accepted, not written down"
        }
    }

    /// What the server says; how that ends; what is told of each request.
    @Test(arguments: [
        ("200", "accepted", "-"), ("201", "accepted", "-"), ("202", "accepted", "-"), ("204", "accepted", "-"),
        ("400", "refused submit.badRequest", "badRequest"), ("413", "refused submit.badRequest", "badRequest"),
        ("422", "refused submit.badRequest", "badRequest"), ("409", "refused submit.badRequest", "badRequest"),
        ("404", "refused submit.notFound", "notFound"), ("401 200", "accepted", "unauthorized -"),
        ("401 401", "refused submit.unauthorized", "unauthorized unauthorized"),
        ("401 503 503 503", "unresolved submit.serverError", "unauthorized serverError serverError serverError"),
        ("403 200", "accepted", "forbidden -"), ("403 403", "refused submit.forbidden", "forbidden forbidden"),
        ("503 503 403", "refused submit.forbidden", "serverError serverError forbidden"),
        ("429 408 200", "accepted", "rateLimited rateLimited -"),
        ("429 429 429", "unresolved submit.rateLimited", "rateLimited rateLimited rateLimited"),
        ("500 502 200", "accepted", "serverError serverError -"),
        ("503 504 500", "unresolved submit.serverError", "serverError serverError serverError"),
        ("503 400", "refused submit.badRequest", "serverError badRequest"),
        ("close 200", "accepted", "network -"), ("half garbage 200", "accepted", "network network -"),
        ("close close close", "unresolved submit.network", "network network network"),
        ("302", "refused submit.badRequest", "badRequest"),
    ])
    func anAnswerHasItsConsequence(says: String, ends: String, told: String) async throws {
        try await DeliveryStage.run(says.split(separator: " ").map(AnswerTableTests.reply)) { stage async throws in
            let delivered = try await stage.deliver(stage.submission())
            #expect(AnswerTableTests.word(delivered) == ends)
            let errors = stage.journal.batches.map { $0.ending?.error?.rawValue.dropFirst("submit.".count) ?? "-" }
            #expect(errors.joined(separator: " ") == told)
            // Nothing more was sent than was told, and all of it was the same.
            #expect(stage.submitted.count == errors.count)
            #expect(Set(stage.submitted.map(\.body)).count == 1)
            #expect(stage.tokenRequests.count == (says.hasPrefix("401") ? 2 : 1))
        }
    }

    @Test(arguments: [
        ("200", BatchState.accepted), ("422", .refused), ("404", .refused), ("403 403", .refused),
        ("401 401", .refused), ("503 503 503", nil), ("close close close", nil), ("429 429 429", nil),
    ])
    func theJournalLearnsWhatBecameOfTheBatch(says: String, state: BatchState?) async throws {
        try await DeliveryStage.run(says.split(separator: " ").map(AnswerTableTests.reply)) { stage async throws in
            _ = try await stage.deliver(stage.submission())
            #expect(stage.journal.batches.dropLast().allSatisfy { $0.ending?.batch == nil })
            let last = try #require(stage.journal.batches.last?.ending)
            #expect(last.batch == state)
        }
    }

    @Test func a403IsWaitedOutForAMinute() async throws {
        try await DeliveryStage.run([.status(403)]) { stage async throws in
            let start = stage.time.moment
            #expect(try await stage.deliver(stage.submission()) == .accepted)
            #expect(stage.time.moment - start == .seconds(60))
        }
    }

    @Test func aRedirectIsNotFollowed() async throws {
        try await DeliveryStage.run([.status(307, headers: ["Location": "/elsewhere"])]) { stage async throws in
            _ = try await stage.deliver(stage.submission())
            #expect(stage.server.requests(to: "/elsewhere").isEmpty)
        }
    }

    @Test func anAttachmentMayBeEarly() async throws {
        try await DeliveryStage.run([.status(404)]) { stage async throws in
            let attachment = stage.submission("attachment-1", kind: .attachment)
            #expect(try await stage.deliver(attachment) == .early)
            let ending = try #require(stage.journal.batches.first?.ending)
            #expect(ending.batch == .waiting)
            #expect(try await stage.deliver(attachment) == .accepted)
        }
    }

    @Test func attemptsOfAnEarlierRunAreUsedUp() async throws {
        try await DeliveryStage.run([.status(503)]) { stage async throws in
            let delivered = try await stage.deliver(stage.submission(attempts: 2))
            #expect(AnswerTableTests.word(delivered) == "unresolved submit.serverError")
            #expect(stage.submitted.count == 1)
        }
    }

    @Test func theAPIsWordsReachTheProblem() async throws {
        try await DeliveryStage.run([.status(422, body: "{\"message\":\"amount is\\u001b[31m missing\"}")]) {
            stage async throws in
            guard case .refused(let problem) = try await stage.deliver(stage.submission()) else {
                Issue.record("not refused")
                return
            }
            #expect(problem.message.contains("422"))
            #expect(problem.message.contains("amount is"))
            #expect(!problem.message.contains("\u{1B}"))
        }
    }
}
