import Foundation

/// A text in Markdown that is done step by step: each block of shell, and what it is said to show.
enum Walkthrough {
    struct Step: Sendable {
        /// Where its block begins.
        var line: Int
        var script: String
        /// The block of text that follows; `nil`: nothing is said of what it shows.
        var shown: String?
        /// It is said to show this after a while: `<!-- until it shows -->` stands between the two.
        var isPatient: Bool
    }

    static func steps(of text: String) -> [Step] {
        var steps: [Step] = []
        var isPatient = false
        var block: (language: Substring, line: Int, lines: [Substring])?
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if let open = block {
                if line != "```" {
                    block?.lines.append(line)
                    continue
                }
                let content = open.lines.joined(separator: "\n")
                if open.language == "sh" {
                    steps.append(Step(line: open.line, script: content + "\n", shown: nil, isPatient: false))
                } else if open.language == "text", !steps.isEmpty {
                    steps[steps.count - 1].shown = content
                    steps[steps.count - 1].isPatient = isPatient
                }
                (block, isPatient) = (nil, false)
            } else if line.hasPrefix("```") {
                block = (line.dropFirst(3), number + 1, [])
            } else if line == "<!-- until it shows -->" {
                isPatient = true
            }
        }
        return steps
    }
}

extension Walkthrough.Step {
    /// Whether `output` is what is said to be shown: `…` in a line stands for any text, a line `…` for any lines, and
    /// spaces for spaces.
    func shows(_ output: String) -> Bool {
        guard let shown else { return true }
        return Self.fits(Self.lines(output)[...], Self.lines(shown)[...])
    }

    private static func lines(_ text: String) -> [[Substring]] {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        if lines.last == "" { lines.removeLast() }
        return lines.map { $0.split(separator: " ") }
    }

    private static func fits(_ lines: ArraySlice<[Substring]>, _ shown: ArraySlice<[Substring]>) -> Bool {
        guard let first = shown.first else { return lines.isEmpty }
        if first == ["…"] {
            return (lines.startIndex...lines.endIndex).contains { fits(lines[$0...], shown.dropFirst()) }
        }
        guard let line = lines.first else { return false }
        let text = line.joined(separator: " ")
        let pieces = first.joined(separator: " ").components(separatedBy: "…")
        return fits(text[...], pieces[...]) && fits(lines.dropFirst(), shown.dropFirst())
    }

    /// Whether the text is the pieces in their order, with anything between them.
    private static func fits(_ text: Substring, _ pieces: ArraySlice<String>) -> Bool {
        guard let first = pieces.first, text.hasPrefix(first) else { return false }
        var rest = text.dropFirst(first.count)
        for (index, piece) in pieces.dropFirst().enumerated() {
            if index == pieces.count - 2 { return rest.hasSuffix(piece) }
            guard let range = rest.range(of: piece) else { return false }
            rest = rest[range.upperBound...]
        }
        return rest.isEmpty
    }
}
