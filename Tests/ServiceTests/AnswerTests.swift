import Foundation
import JSONText
import Model
import Sandbox
import Testing
import TestSupport

/// Each row of the API's table of answers (contract, section 4), over a real socket.
@Suite struct AnswerTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let answers: [ScriptedAnswer]
        let outcome: String
        let code: String?
        let requests: Int
        let state: String

        var testDescription: String { "\(answers) \(outcome) \(code ?? "")" }

        init(_ answers: [ScriptedAnswer], _ outcome: String, _ code: String? = nil, requests: Int, state: String) {
            self.answers = answers
            self.outcome = outcome
            self.code = code
            self.requests = requests
            self.state = state
        }
    }

    static let rows = [
        Row([.ok], "accepted", requests: 1, state: "accepted"),
        Row([.status(200)], "accepted", requests: 1, state: "accepted"),
        Row([.status(400)], "failed", "submit.badRequest", requests: 1, state: "refused"),
        Row([.status(413)], "failed", "submit.badRequest", requests: 1, state: "refused"),
        Row([.status(422)], "failed", "submit.badRequest", requests: 1, state: "refused"),
        Row([.status(409)], "failed", "submit.badRequest", requests: 1, state: "refused"),
        Row([.status(418)], "failed", "submit.badRequest", requests: 1, state: "refused"),
        Row([.status(302)], "failed", "submit.badRequest", requests: 1, state: "refused"),
        Row([.status(401)], "accepted", requests: 2, state: "accepted"),
        Row([.status(401), .status(401)], "failed", "submit.unauthorized", requests: 2, state: "refused"),
        Row([.status(404)], "failed", "submit.notFound", requests: 1, state: "refused"),
        Row([.status(408)], "accepted", requests: 2, state: "accepted"),
        Row([.status(429)], "accepted", requests: 2, state: "accepted"),
        Row(
            [.status(429), .status(429), .status(429)], "failed", "submit.rateLimited", requests: 3,
            state: "unresolved"),
        Row([.status(500)], "accepted", requests: 2, state: "accepted"),
        Row([.status(502), .status(504)], "accepted", requests: 3, state: "accepted"),
        Row(
            [.status(500), .status(502), .status(503)], "failed", "submit.serverError", requests: 3,
            state: "unresolved"),
        Row([.close], "accepted", requests: 2, state: "accepted"),
        Row([.closeAfterApply], "accepted", requests: 2, state: "accepted"),
        Row([.close, .close, .close], "failed", "submit.network", requests: 3, state: "unresolved"),
        Row([.status(401), .status(503), .status(503)], "accepted", requests: 4, state: "accepted"),
    ]

    @Test(arguments: rows)
    func anAnswerHasItsConsequence(row: Row) async throws {
        try await Stage.run { stage in
            stage.sandbox.script(row.answers)
            try stage.drop(Stage.account("INV-1"), as: "orders.json")
            let result = try await stage.result(of: "orders.json")
            #expect(result.outcome == row.outcome)
            #expect(result.code == row.code)
            #expect(result.isDone == (row.outcome == "accepted"))
            #expect(result.attempts.count == row.requests)
            #expect(result.batches.first?["state"]?.string == row.state)
            let submissions = stage.sandbox.requests.filter { $0.path.hasSuffix("/v1/account") }
            #expect(submissions.count == row.requests)
            #expect(Set(submissions.compactMap(\.reference)).count == 1, "always the same reference")
            #expect(Set(submissions.compactMap(\.requestID)).count == row.requests, "an id for each attempt")
        }
    }

    @Test func a403IsWaitedOutOnceAndThenFails() async throws {
        let time = ManualTime()
        try await Stage.run(time: time) { stage in
            stage.sandbox.script([.status(403), .status(403)])
            try stage.drop(Stage.account("INV-1"), as: "orders.json")
            try await stage.sandbox.until { $0.requests.contains { $0.status == 403 } }
            try await eventually("it waits for a minute") {
                time.nextDeadline != nil && stage.sandbox.requests.filter { $0.status == 403 }.count == 1
            }
            try await Self.advance(time, by: .seconds(59))
            #expect(stage.sandbox.requests.filter { $0.status == 403 }.count == 1)
            try await eventually("the second 403") {
                time.advance(by: .milliseconds(500))
                return stage.sandbox.requests.filter { $0.status == 403 }.count == 2
            }
            let result = try await stage.result(of: "orders.json")
            #expect(result.code == "submit.forbidden")
        }
    }

    /// In small steps, so that the alarms of the inbox do not see one jump.
    private static func advance(_ time: ManualTime, by duration: Duration) async throws {
        for _ in 0..<Int(duration.inSeconds) {
            time.advance(by: .seconds(1))
            await Task.yield()
        }
    }

    @Test func aRetryAfterIsObeyed() async throws {
        try await Stage.run { stage in
            stage.sandbox.script([.retryAfter("1")])
            try stage.drop(Stage.account("INV-1"), as: "orders.json")
            let result = try await stage.result(of: "orders.json")
            #expect(result.outcome == "accepted")
            let times = stage.sandbox.requests.filter { $0.path.hasSuffix("/v1/account") }.map(\.at)
            #expect(times.count == 2)
            #expect(times[1].timeIntervalSince(times[0]) >= 1)
        }
    }

    @Test func theAPIsWordsAreInTheResult() async throws {
        try await Stage.run { stage in
            let body = Data(
                #"{"title": "No such debtor", "errors": [{"pointer": "/accounts/0", "message": "unknown"}]}"#.utf8)
            stage.sandbox.script([.answer(422, headers: ["Content-Type": "application/json"], body: body)])
            try stage.drop(Stage.account("INV-1"), as: "orders.json")
            let result = try await stage.result(of: "orders.json")
            let message = result.json["message"]?.string ?? ""
            #expect(
                message.contains("422") && message.contains("No such debtor") && message.contains("/accounts/0 unknown")
            )
        }
    }

    @Test func anEarlyAttachmentGoesWhenItsAccountIsAccepted() async throws {
        try await Stage.run { stage in
            try stage.drop("%PDF-1.4\nan invoice\n%%EOF\n", as: "INV-7.pdf")
            try await stage.sandbox.until { $0.requests.contains { $0.status == 404 } }
            try stage.drop(Stage.account("INV-7"), as: "orders.json")
            let result = try await stage.result(of: "INV-7.pdf")
            #expect(result.outcome == "accepted")
            #expect(result.attempts.map { $0["status"]?.int } == [404, 202])
            #expect(stage.sandbox.books.attachments.map(\.clientReferenceId) == ["INV-7"])
        }
    }

    @Test func anAttachmentWhoseAccountNeverComesFailsInTheEnd() async throws {
        try await Stage.run(inbox: "attachments: {wait: 1s}") { stage in
            try stage.drop("%PDF-1.4\nan invoice\n%%EOF\n", as: "INV-8.pdf")
            let result = try await stage.result(of: "INV-8.pdf")
            #expect(result.code == "submit.notFound")
        }
    }
}
