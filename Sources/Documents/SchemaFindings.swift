import JSONSchema
import JSONText
import Model

/// Gathers what does not fit a document's schema, with the places in the sender's own file.
struct SchemaFindings {
    private let kind: Kind
    private var findings: [Finding] = []
    private var records: Set<Int> = []
    private(set) var count = 0

    init(_ kind: Kind) {
        self.kind = kind
    }

    /// How many more are listed.
    var room: Int { max(0, Problem.listedFindings - findings.count) }

    /// - Parameters:
    ///   - first: how many records of the document stand before those of `shape`.
    mutating func add(
        _ report: JSONSchemaReport, in shape: DocumentShape, first: Int = 0,
        leavingOut isLeftOut: (JSONSchemaViolation) -> Bool = { _ in false }
    ) {
        count += report.errorCount
        for violation in report.errors {
            if isLeftOut(violation) {
                count -= 1
                continue
            }
            let record = SchemaFindings.recordIndex(violation.pointer, kind)
            if let record { records.insert(first + record) }
            let position = shape.position(ofByte: violation.byteOffset)
            findings.append(
                Finding(
                    pointer: SchemaFindings.shifted(violation.pointer, by: first, kind), line: position.line,
                    column: position.column,
                    keyword: violation.keyword, message: violation.message,
                    record: record.flatMap(shape.identity(ofRecord:))))
        }
    }

    mutating func add(
        _ value: JSONValue, in shape: DocumentShape, pointer: String, keyword: String, message: String
    ) {
        count += 1
        let position = shape.position(ofByte: value.byteRange.lowerBound)
        findings.append(
            Finding(pointer: pointer, line: position.line, column: position.column, keyword: keyword, message: message))
    }

    var problem: Problem {
        let schema = "the \(kind.rawValue) schema"
        let message: String
        if records.isEmpty {
            message = "The document does not fit \(schema)"
        } else if count > findings.count {
            message = "\(count) places do not fit \(schema)"
        } else {
            message =
                records.count == 1
                ? "1 record does not fit \(schema)" : "\(records.count) records do not fit \(schema)"
        }
        return Problem(.schemaJSON, message, findings: findings, count: count)
    }

    /// Adds what is said of a document without its records, before and behind what was said of these.
    ///
    /// - Parameter keyword: one that asks something of the array, which it does not matter that `shape` does not have.
    mutating func add(around report: JSONSchemaReport, in shape: DocumentShape, leavingOut keyword: String?) {
        let array = "/\(shape.arrayName)"
        let isLeftOut: (JSONSchemaViolation) -> Bool = { $0.keyword == keyword && $0.pointer == array }
        let start = shape.array?.byteRange.lowerBound ?? 0
        let before = report.errors.count { $0.byteOffset <= start && !isLeftOut($0) }
        let ofRecords = findings
        findings = []
        add(report, in: shape, leavingOut: isLeftOut)
        findings.insert(contentsOf: ofRecords, at: before)
    }

    /// A problem of records that stand behind `first` others in their document.
    static func shifted(_ problem: Problem, by first: Int, _ kind: Kind) -> Problem {
        var problem = problem
        for index in problem.findings.indices {
            problem.findings[index].pointer = problem.findings[index].pointer.map { shifted($0, by: first, kind) }
        }
        return problem
    }

    private static func shifted(_ pointer: String, by first: Int, _ kind: Kind) -> String {
        guard first > 0, let record = recordIndex(pointer, kind) else { return pointer }
        var tokens = tokens(pointer)
        tokens[2] = Substring(String(first + record))
        return tokens.joined(separator: "/")
    }

    /// The record that a pointer such as `/accounts/3/outstandingAmount` leads into.
    private static func recordIndex(_ pointer: String, _ kind: Kind) -> Int? {
        let tokens = tokens(pointer)
        guard tokens.count > 2, tokens[1] == kind.arrayName ?? "" else { return nil }
        return Int(tokens[2])
    }

    /// By scalars: a slash and a combining mark behind it are one Character.
    private static func tokens(_ pointer: String) -> [Substring] {
        pointer.unicodeScalars.split(separator: "/", omittingEmptySubsequences: false).map { Substring($0) }
    }
}
