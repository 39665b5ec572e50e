import JSONText
import Model

/// The records of a document that fits, as the text that goes into request bodies.
enum RecordText: Sendable {
    /// In memory.
    case held(DocumentShape)
    /// In the sender's file, or where converted records are kept.
    case windowed(WindowedRecords)

    var kind: Kind {
        switch self {
        case .held(let shape): shape.kind
        case .windowed(let records): records.kind
        }
    }

    /// Whether the text is other than what the sender wrote.
    var isConverted: Bool {
        switch self {
        case .held(let shape): shape.isConverted
        case .windowed(let records): records.isConverted
        }
    }

    /// The records of a part, with the commas between them.
    ///
    /// - Parameter index: which of the plan's parts it is.
    func append(_ part: BatchPlan.Part, _ index: Int, to body: inout [UInt8]) throws {
        switch self {
        case .held(let shape): body += shape.text(part.text)
        case .windowed(let records): try records.append(index, to: &body)
        }
    }

    /// Calls `body` with every record.
    func forEachRecord(_ body: (JSONValue) throws -> Void) throws {
        switch self {
        case .held(let shape): try shape.array?.elements.forEach(body)
        case .windowed(let records): try records.forEachRecord(body)
        }
    }
}

/// The records of a document that is not held: they are read whenever they are needed.
struct WindowedRecords: Sendable {
    let kind: Kind
    /// The sender's file, or the records as they were converted.
    let source: DocumentSource
    /// What still has to be mapped when they are read.
    let fields: FieldMapping
    /// What stands between the array's brackets.
    let inside: Range<Int>
    /// Where the records of each part of the plan stand in it.
    let parts: [Range<Int>]
    /// Whether what is sent is other than what the sender wrote.
    let isConverted: Bool

    /// Where the records of a part stand in the source as they are sent; `nil` where they are made from it.
    func text(ofPart part: Int) -> Range<Int>? { fields.isEmpty ? parts[part] : nil }

    func append(_ part: Int, to body: inout [UInt8]) throws {
        if let range = text(ofPart: part) {
            let text = try source.read(range)
            guard text.count == range.count else { throw DocumentHasChanged() }
            body += text
            return
        }
        var isFirst = true
        try forEachWindow(in: parts[part], fields) { (_, shape) throws(DocumentHasChanged) in
            guard let array = shape.array, array.kind == .array else { throw DocumentHasChanged() }
            if !isFirst { body.append(UInt8(ascii: ",")) }
            isFirst = false
            body += shape.text(array.insideRange)
        }
    }

    func forEachRecord(_ body: (JSONValue) throws -> Void) throws {
        try forEachWindow(in: inside, fields) { _, shape in try shape.array?.elements.forEach(body) }
    }

    /// Where some records stand in the sender's own text, which others may stand around in the array.
    ///
    /// - Returns: `nil` where there are not so many, and where the text is none of the sender's.
    func place(of wanted: Range<Int>) throws -> Range<Int>? {
        guard !isConverted || !fields.isEmpty else { return nil }
        var (index, start, end) = (0, 0, 0)
        try forEachWindow(in: inside, FieldMapping()) { window, shape in
            for record in shape.array?.elements.map(\.byteRange) ?? [] {
                if index == wanted.lowerBound { start = window.offset(of: record.lowerBound) }
                index += 1
                if index == wanted.upperBound { end = window.offset(of: record.upperBound) }
            }
        }
        return start < end ? start..<end : nil
    }

    /// Reads some of the records again; they were judged before, so that nothing can be wrong with them.
    private func forEachWindow(
        in range: Range<Int>, _ fields: FieldMapping, _ body: (WindowedText.Window, DocumentShape) throws -> Void
    ) throws {
        var text = WindowedText(elements: range, of: source, name: kind.arrayName ?? "")
        while let window = try text.next() {
            guard let document = try? JSONDocument(parsing: window.text, maximumDepth: DocumentShape.convertedDepth),
                case .success(let shape) = DocumentShape.read(document, configured: kind)
                    .flatMap({ $0.mapped(fields) })
            else { throw DocumentHasChanged() }
            try body(window, shape)
        }
    }
}

extension JSONValue {
    /// What stands between the brackets of an array.
    var insideRange: Range<Int> { (byteRange.lowerBound + 1)..<(byteRange.upperBound - 1) }
}

/// A file is no longer what it was when it was judged.
package struct DocumentHasChanged: Error, CustomStringConvertible {
    package var description: String { "the document was written to after it was judged" }
}
