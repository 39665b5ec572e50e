import Foundation
import Model
import TestSupport
import Testing

/// The table of codes in `docs/operations.md` is the program's own, with the meanings of `inbox/README.md`. `UPDATE=1 swift test --filter CodeTableTests`
/// writes it anew.
@Suite struct CodeTableTests {
    private static let begin = "<!-- codes: begin -->\n"
    private static let end = "<!-- codes: end -->\n"

    /// What each code means, as senders are told.
    private static func meanings() throws -> [String: String] {
        let text = try Pages.repository.appendingPathComponent("inbox").text(of: "README.md")
        var meanings: [String: String] = [:]
        for row in text.matches(of: /\n\| (`[a-z]+\.[^|]*) \| ([^|]*) \|/) {
            for code in row.1.split(separator: ", ") {
                meanings[String(code.filter { $0 != "`" })] = String(row.2)
            }
        }
        return meanings
    }

    private static func table() throws -> String {
        let meanings = try meanings()
        let rows = Code.allCases.map { code in
            "| `\(code.rawValue)` | \(meanings[code.rawValue] ?? "") | \(code.isRetryable ? "yes" : "no") | \(code.action) |\n"
        }
        return "| code | what it means | `retryable` | what to do |\n|---|---|---|---|\n" + rows.joined()
    }

    @Test func theTableOfCodesIsTheProgramsOwn() throws {
        let docs = Pages.repository.appendingPathComponent("docs")
        let text = try docs.text(of: "operations.md")
        let begin = try #require(text.range(of: Self.begin))
        let end = try #require(text.range(of: Self.end))
        if ProcessInfo.processInfo.environment["UPDATE"] == "1" {
            let written = try text[..<begin.upperBound] + Self.table() + text[end.lowerBound...]
            return try docs.write(String(written), as: "operations.md")
        }
        #expect(
            try text[begin.upperBound..<end.lowerBound] == Self.table()[...],
            "write it anew: UPDATE=1 swift test --filter CodeTableTests")
    }

    @Test(arguments: Code.allCases) func sendersAreToldOfEveryCode(code: Code) throws {
        #expect(try Self.meanings()[code.rawValue] != nil)
    }
}
