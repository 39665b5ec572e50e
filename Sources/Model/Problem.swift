/// Why a drop fails: a value, not a thrown error, for a bad file is nothing unusual.
package struct Problem: Sendable, Hashable, Codable {
    package var code: Code
    /// One sentence without field values.
    package var message: String
    /// At most ``listedFindings`` places; ``findingCount`` has the total.
    package var findings: [Finding]
    package var findingCount: Int

    package static let listedFindings = 100

    package init(_ code: Code, _ message: String, findings: [Finding] = [], count: Int? = nil) {
        self.code = code
        self.message = message
        self.findings = Array(findings.prefix(Problem.listedFindings))
        self.findingCount = count ?? findings.count
    }

    package mutating func add(_ more: [Finding]) {
        self = Problem(code, message, findings: findings + more, count: findingCount + more.count)
    }
}

/// One place in the sender's own file that is wrong, and what is wrong there.
package struct Finding: Sendable, Hashable, Codable {
    /// A JSON pointer into the converted document (RFC 6901).
    package var pointer: String?
    /// From 1; columns count Unicode scalars.
    package var line: Int?
    package var column: Int?
    /// The schema's keyword that was violated.
    package var keyword: String?
    package var message: String
    /// The identity of the record that the place lies in.
    package var record: String?

    package init(
        pointer: String? = nil, line: Int? = nil, column: Int? = nil, keyword: String? = nil, message: String,
        record: String? = nil
    ) {
        self.pointer = pointer.map { Finding.cut($0, Finding.longestPointer) }
        self.line = line
        self.column = column
        self.keyword = keyword
        self.message = message
        self.record = record.map { Finding.cut($0, Finding.longestRecord) }
    }

    /// In Unicode scalars. An identity that fits its schema is no longer.
    private static let longestRecord = 150
    private static let longestPointer = 1000

    /// A sender chooses how long his keys and identities are, and a result may name them a hundred times.
    private static func cut(_ text: String, _ longest: Int) -> String {
        guard text.utf8.count > longest, text.unicodeScalars.count > longest else { return text }
        return String(text.unicodeScalars.prefix(longest)) + "…"
    }
}
