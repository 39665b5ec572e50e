import JSONSchema
import JSONText
import Model

/// Gathers what does not fit a document's schema, with the places in the sender's own file.
struct SchemaFindings {
    private let shape: DocumentShape
    private var findings: [Finding] = []
    private var records: Set<Int> = []
    private(set) var count = 0

    init(_ shape: DocumentShape) {
        self.shape = shape
    }

    mutating func add(_ report: JSONSchemaReport) {
        count += report.errorCount
        for violation in report.errors {
            let record = recordIndex(violation.pointer)
            if let record { records.insert(record) }
            let position = shape.position(ofByte: violation.byteOffset)
            findings.append(
                Finding(
                    pointer: violation.pointer, line: position.line, column: position.column,
                    keyword: violation.keyword, message: violation.message,
                    record: record.flatMap(shape.identity(ofRecord:))))
        }
    }

    mutating func add(_ value: JSONValue, pointer: String, keyword: String, message: String) {
        count += 1
        let position = shape.position(ofByte: value.byteRange.lowerBound)
        findings.append(
            Finding(pointer: pointer, line: position.line, column: position.column, keyword: keyword, message: message))
    }

    var problem: Problem {
        let kind = shape.kind.rawValue
        let article = kind == "account" ? "the account" : "the \(kind)"
        let message: String
        if records.isEmpty {
            message = "The document does not fit \(article) schema"
        } else if count > findings.count {
            message = "\(count) places do not fit \(article) schema"
        } else {
            message =
                records.count == 1
                ? "1 record does not fit \(article) schema" : "\(records.count) records do not fit \(article) schema"
        }
        return Problem(.schemaJSON, message, findings: findings, count: count)
    }

    /// The record that a pointer such as `/accounts/3/outstandingAmount` leads into.
    private func recordIndex(_ pointer: String) -> Int? {
        let tokens = pointer.split(separator: "/", omittingEmptySubsequences: false)
        guard tokens.count > 2, tokens[1] == shape.arrayName else { return nil }
        return Int(tokens[2])
    }
}
