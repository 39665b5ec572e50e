import Foundation

/// A file of answers, one a line: what `--script FILE` reads.
///
///     # for any submission
///     503
///     429 Retry-After: 2
///     close-after *3
///     payment: 400 {"title": "No such debtor"}
///     token: 401
///     reference account-3f…: hang
package struct ScriptFile: Sendable, Equatable {
    /// The answers of each target, in the order of the file.
    package private(set) var answers: [(target: ScriptTarget, answers: [ScriptedAnswer])] = []

    /// A line that cannot be read.
    package struct SyntaxError: Error, Equatable, CustomStringConvertible {
        /// From 1.
        package let line: Int
        package let reason: String
        package var description: String { "line \(line): \(reason)" }
    }

    package init(parsing text: String) throws(SyntaxError) {
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let words = line.trimmingCharacters(in: .whitespaces)
            if words.isEmpty || words.hasPrefix("#") { continue }
            guard let read = ScriptFile.read(words) else {
                throw SyntaxError(line: index + 1, reason: "\"\(words)\" is no answer; see docs/sandbox.md")
            }
            answers.append(read)
        }
    }

    package static func == (left: ScriptFile, right: ScriptFile) -> Bool {
        left.answers.count == right.answers.count
            && zip(left.answers, right.answers).allSatisfy { $0.target == $1.target && $0.answers == $1.answers }
    }

    private static func read(_ line: String) -> (ScriptTarget, [ScriptedAnswer])? {
        var (target, rest) = (ScriptTarget.submissions, line[...])
        if let colon = line.firstIndex(of: ":"), let named = self.target(line[..<colon]) {
            target = named
            rest = line[line.index(after: colon)...].drop(while: \.isWhitespace)
        }
        var times = 1
        if let star = rest.lastIndex(of: "*"), let number = Int(rest[rest.index(after: star)...]), number > 0 {
            times = number
            rest = rest[..<star]
        }
        guard times <= 100_000, let answer = answer(rest.trimmingCharacters(in: .whitespaces)) else { return nil }
        return (target, Array(repeating: answer, count: times))
    }

    private static func target(_ text: Substring) -> ScriptTarget? {
        switch text {
        case "any": return .submissions
        case "status": return .status
        case "token": return .token
        default:
            if let kind = SubmissionKind(rawValue: String(text)) { return .kind(kind) }
            let words = text.split(separator: " ")
            return words.count == 2 && words[0] == "reference" ? .reference(String(words[1])) : nil
        }
    }

    private static func answer(_ text: String) -> ScriptedAnswer? {
        let named: [String: ScriptedAnswer] = [
            "ok": .ok, "close": .close, "close-after": .closeAfterApply, "tear-after": .tearAfterApply, "hang": .hang,
            "hang-after": .hangAfterApply, "garbage-after": .garbageAfterApply, "huge-after": .hugeAfterApply,
            "endless-after": .endlessAfterApply,
        ]
        if let answer = named[text] { return answer }
        let words = text.split(separator: " ", maxSplits: 1).map(String.init)
        guard let first = words.first else { return nil }
        if first == "delay", words.count == 2, let plan = try? FaultPlan(parsing: "latency:\(words[1])"),
            let range = plan.latency, range.lowerBound == range.upperBound
        {
            return .delay(range.lowerBound)
        }
        guard first.count == 3, let code = Int(first), (200...599).contains(code) else { return nil }
        guard words.count == 2 else { return .status(code) }
        switch words[1] {
        case "after": return .statusAfterApply(code)
        case let rest where code == 429 && rest.hasPrefix("Retry-After:"):
            return .retryAfter(rest.dropFirst("Retry-After:".count).trimmingCharacters(in: .whitespaces))
        case let rest where rest.hasPrefix("{"):
            return .answer(code, headers: ["Content-Type": "application/json"], body: Data(rest.utf8))
        default: return nil
        }
    }
}

extension Sandbox {
    /// Puts a file's answers in waiting.
    package func script(_ file: ScriptFile) {
        for (target, answers) in file.answers { script(answers, for: target) }
    }
}
