import Foundation
import Testing

@testable import Sandbox

struct ScriptFileTests {
    @Test func everySortOfLineIsRead() throws {
        let file = try ScriptFile(
            parsing: """
                # what happens first
                503
                429 Retry-After: Wed, 21 Oct 2026 07:28:00 GMT

                payment: 400 {"title": "No such debtor"}
                token: 401 *2
                status: close
                  any: 500 after
                reference account-1: hang-after*3
                delay 1.5s
                """)
        let expected: [(ScriptTarget, [ScriptedAnswer])] = [
            (.submissions, [.status(503)]), (.submissions, [.retryAfter("Wed, 21 Oct 2026 07:28:00 GMT")]),
            (
                .kind(.payment),
                [
                    .answer(
                        400, headers: ["Content-Type": "application/json"],
                        body: Data(#"{"title": "No such debtor"}"#.utf8))
                ]
            ),
            (.token, [.status(401), .status(401)]), (.status, [.close]), (.submissions, [.statusAfterApply(500)]),
            (.reference("account-1"), [.hangAfterApply, .hangAfterApply, .hangAfterApply]),
            (.submissions, [.delay(.milliseconds(1500))]),
        ]
        #expect(file.answers.map(\.target) == expected.map(\.0))
        #expect(file.answers.map(\.answers) == expected.map(\.1))
    }

    @Test(arguments: [
        "nonsense", "99", "700", "503 *0", "429 Retry-After", "payments: 500", "delay 1s..2s", "500 before",
    ])
    func aLineThatCannotBeReadIsNamed(line: String) throws {
        let error = try #require(throws: ScriptFile.SyntaxError.self) { try ScriptFile(parsing: "ok\n\(line)\n") }
        #expect(error.line == 2)
        #expect(error.reason.contains(line))
    }

    @Test func itsAnswersAreGiven() async throws {
        try await Sandbox.withServer { sandbox, address in
            sandbox.script(try ScriptFile(parsing: "503\nclose\naccount: 500 after\n"))
            let client = try await TestClient(address)
            #expect(try await client.account("A", reference: "one").status == 500)
            #expect(try await client.account("A", reference: "one").status == 503)
            await #expect(throws: (any Error).self) { try await client.account("A", reference: "one") }
            #expect(sandbox.accepted.map(\.acceptances) == [1])
        }
    }
}
