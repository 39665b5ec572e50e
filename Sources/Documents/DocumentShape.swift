import JSONText
import Model

/// A document's kind and where its records stand: the full body, the body without its reference, or the bare array
/// (contract, section 6).
struct DocumentShape: Sendable {
    let kind: Kind
    /// The sender's own text, or what it was converted to.
    let source: JSONDocument
    /// The object that holds the array, as the kind's schema describes it.
    let body: JSONValue
    /// How many bytes stand before the sender's text in the one that `body` lies in.
    private let shift: Int
    /// For a converted document: from `source`, which is the converted text then, back to the sender's own.
    private var map: SourceMap?
    /// For a document that is read in windows: from the sender's text as it is held to the whole.
    private var surroundings: Surroundings?
    /// Whether the body is other than what the sender wrote.
    var isConverted = false

    var arrayName: String { kind.arrayName ?? "" }
    var array: JSONValue? { body[arrayName] }
    var ownReference: JSONValue? { body["batchReferenceId"] }

    /// Where a value stands in the sender's file.
    func position(ofByte offset: Int) -> JSONPosition {
        let place = map?.position(ofByte: offset) ?? source.position(ofByte: sourceOffset(ofByte: offset))
        return surroundings?.position(of: place, byte: sourceOffset(ofByte: offset)) ?? place
    }

    /// The shape of a document in which nothing is wrong: the sender's own text need not be held any longer.
    var withoutPlaces: DocumentShape {
        var shape = self
        shape.map = nil
        return shape
    }

    /// Where a byte of the text that `body` lies in stands in the source.
    func sourceOffset(ofByte offset: Int) -> Int { max(0, offset - shift) }

    /// The sender's own bytes at a place in the text that `body` lies in.
    func text(_ range: Range<Int>) -> ArraySlice<UInt8> {
        source.text[(range.lowerBound - shift)..<(range.upperBound - shift)]
    }

    /// What stands in the file of a record: its clientReferenceId, or a claim's number.
    func identity(ofRecord index: Int) -> String? {
        guard let record = array?[index], record.kind == .object else { return nil }
        for field in kind.identityFields {
            if let identity = record[field]?.string, !identity.isEmpty { return identity }
        }
        return nil
    }

    /// How deep the JSON of a converted document may be.
    static let convertedDepth = XMLReader.maximumDepth + 8

    /// A converted document's shape.
    static func read(_ converted: ConvertedText, configured: Kind?) -> Result<DocumentShape, Unfit> {
        let document: JSONDocument
        do {
            document = try JSONDocument(parsing: converted.json, maximumDepth: convertedDepth)
        } catch {
            let position = converted.map.position(ofByte: error.offset)
            return .failure(
                Unfit(
                    problem: Problem(
                        .schemaXML, "The document cannot be written as JSON: \(error.message)",
                        findings: [Finding(line: position.line, column: position.column, message: error.message)])))
        }
        switch read(document, configured: configured) {
        case .success(var shape):
            shape.map = converted.map
            shape.isConverted = true
            return .success(shape)
        case .failure(let unfit):
            // Whatever is said of a document's kind is said of its root.
            var problem = unfit.problem
            let position = converted.map.position(ofByte: 0)
            for index in problem.findings.indices {
                problem.findings[index].line = position.line
                problem.findings[index].column = position.column
            }
            return .failure(Unfit(problem: problem))
        }
    }

    /// The shape of a part of a document that is read in windows.
    static func read(
        _ document: JSONDocument, configured: Kind?, in surroundings: Surroundings
    ) -> Result<DocumentShape, Unfit> {
        switch read(document, configured: configured) {
        case .success(var shape):
            shape.surroundings = surroundings
            return .success(shape)
        case .failure(let unfit):
            var problem = unfit.problem
            // Whatever is said of a document's kind is said of its root.
            let position = surroundings.position(
                of: document.position(ofByte: document.root.byteRange.lowerBound),
                byte: document.root.byteRange.lowerBound)
            for index in problem.findings.indices {
                problem.findings[index].line = position.line
                problem.findings[index].column = position.column
            }
            return .failure(Unfit(problem: problem))
        }
    }

    /// The shape after its fields were renamed and set, and where the new text came from.
    func mapped(_ fields: FieldMapping) -> Result<DocumentShape, Unfit> {
        guard !fields.isEmpty else { return .success(self) }
        return JSONMapping.convert(self, fields).flatMap { converted in
            DocumentShape.read(converted, configured: kind).map { shape in
                var shape = shape
                shape.surroundings = surroundings
                return shape
            }
        }
    }

    static func read(_ document: JSONDocument, configured: Kind?) -> Result<DocumentShape, Unfit> {
        let root = document.root
        switch root.kind {
        case .object: return object(document, root, configured)
        case .array:
            guard let kind = configured, let name = kind.arrayName else {
                return .failure(
                    unknown(
                        "The document is a bare array, and the inbox has no kind that says of what.", root, document))
            }
            return bareArray(document, kind, name)
        case .null, .bool, .number, .string:
            return .failure(unknown("The document is neither an object nor an array.", root, document))
        }
    }

    private static func object(
        _ document: JSONDocument, _ root: JSONValue, _ configured: Kind?
    ) -> Result<DocumentShape, Unfit> {
        let present = Kind.documents.filter { kind in kind.arrayName.map { root[$0] != nil } ?? false }
        if let configured {
            guard present.contains(configured) else {
                let found = present.compactMap(\.arrayName).joined(separator: ", ")
                let message =
                    "The inbox takes \(configured.arrayName ?? ""); the document has \(found.isEmpty ? "none" : found)."
                return .failure(unknown(message, root, document))
            }
            return .success(DocumentShape(kind: configured, source: document, body: root, shift: 0))
        }
        guard present.count == 1 else {
            let message =
                present.isEmpty
                ? "The document has no accounts, payments or thirdPartyClaims at its top level."
                : "The document has more than one of accounts, payments and thirdPartyClaims."
            return .failure(unknown(message, root, document))
        }
        return .success(DocumentShape(kind: present[0], source: document, body: root, shift: 0))
    }

    /// Reads the array once more as the member of an object, so that one schema serves all shapes.
    private static func bareArray(_ document: JSONDocument, _ kind: Kind, _ name: String) -> Result<
        DocumentShape, Unfit
    > {
        let start = document.root.byteRange.lowerBound
        let prefix = Array("{\"\(name)\":".utf8)
        let text = prefix + document.text[start..<document.root.byteRange.upperBound] + [UInt8(ascii: "}")]
        do {
            let body = try JSONDocument(parsing: text, maximumDepth: 257)
            return .success(
                DocumentShape(kind: kind, source: document, body: body.root, shift: prefix.count - start))
        } catch {
            preconditionFailure("an array that was read once can be read again: \(error)")
        }
    }

    private static func unknown(_ message: String, _ value: JSONValue, _ document: JSONDocument) -> Unfit {
        let position = document.position(ofByte: value.byteRange.lowerBound)
        return Unfit(
            problem: Problem(
                .kindUnknown, message,
                findings: [Finding(pointer: "", line: position.line, column: position.column, message: message)]))
    }
}

/// A value that stands for a thrown problem where `Result` wants an error.
struct Unfit: Error {
    let problem: Problem
}
