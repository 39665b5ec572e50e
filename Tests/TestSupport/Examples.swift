import Foundation

/// Examples that an article shows and a test compiles: in the test, what stands between `// example` and `// end`.
package enum Examples {
    /// The blocks of Swift of all articles of a catalogue.
    package static func shown(in catalogue: URL) throws -> [String] {
        try catalogue.names.filter { $0.hasSuffix(".md") }.flatMap { name in
            try blocks(of: catalogue.text(of: name), from: "```swift", to: "```")
        }
    }

    package static func compiled(in source: URL) throws -> [String] {
        try blocks(of: String(contentsOf: source, encoding: .utf8), from: "// example", to: "// end")
    }

    /// Without the indentation of their first lines.
    private static func blocks(of text: String, from begin: String, to end: String) -> [String] {
        var blocks: [String] = []
        var open: [Substring]?
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            let mark = line.trimmingCharacters(in: .whitespaces)
            if let lines = open {
                if mark == end {
                    let indentation = lines.first?.prefix { $0 == " " }.count ?? 0
                    blocks.append(lines.map { $0.dropFirst(indentation) }.joined(separator: "\n"))
                    open = nil
                } else {
                    open = lines + [line]
                }
            } else if mark == begin {
                open = []
            }
        }
        return blocks
    }
}
