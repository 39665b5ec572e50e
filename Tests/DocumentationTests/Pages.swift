import Foundation
import TestSupport

/// A page in Markdown: its headings and where it leads to.
struct Page: Sendable {
    struct Link: Sendable, Hashable {
        var line: Int
        /// As it stands there.
        var target: String
    }

    let file: URL
    private(set) var links: [Link] = []
    /// The names that its headings have in a link, as GitHub makes them.
    private(set) var anchors: Set<String> = []

    init(_ file: URL) throws {
        self.file = file
        var isCode = false
        let text = try String(contentsOf: file, encoding: .utf8)
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if line.hasPrefix("```") {
                isCode.toggle()
            } else if !isCode {
                if let heading = line.wholeMatch(of: /#+ (.*)/)?.1 { addAnchor(of: String(heading)) }
                for match in line.replacing(/`[^`]*`/, with: "").matches(of: /\]\(([^)\s]+)\)/) {
                    links.append(Link(line: number + 1, target: String(match.1)))
                }
            }
        }
    }

    private mutating func addAnchor(of heading: String) {
        let kept = heading.lowercased().filter { $0.isLetter || $0.isNumber || " -_".contains($0) }
        let name = kept.replacing(" ", with: "-")
        let taken = anchors
        anchors.insert((0...).lazy.map { $0 == 0 ? name : "\(name)-\($0)" }.first { !taken.contains($0) } ?? name)
    }
}

/// The pages of the repository.
enum Pages {
    static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// All of them, those in hidden folders apart.
    static func all() throws -> [Page] {
        let places = ["", "docs", "docs/decisions", "inbox", "packaging"].map {
            $0.isEmpty ? repository : repository.appendingPathComponent($0)
        }
        return try places.flatMap { folder in
            try folder.names.filter { $0.hasSuffix(".md") }.map { try Page(folder.appendingPathComponent($0)) }
        }
    }
}
