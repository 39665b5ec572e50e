import JSONText
import Model

/// Where a record stands in the document that brought it.
package struct RecordPlace: Sendable, Hashable {
    /// A JSON pointer into the converted document.
    package var pointer: String
    /// In the sender's file; `nil` where its text is not at hand: an XML document that is not held.
    package var line: Int?
    package var column: Int?
}

/// The sender's file once more.
package struct SendersText: Sendable {
    let bytes: [UInt8]
    let form: FileForm

    package init(_ bytes: [UInt8], form: FileForm) {
        self.bytes = bytes
        self.form = form
    }
}

extension JudgedDocument {
    /// Whether the sender's text has to be there to say where its records stand: what a document was converted to does not
    /// keep where it came from.
    package var forgetsPlaces: Bool { isHeld && isConverted }

    /// Where the records with these identities stand, each the first time.
    ///
    /// - Parameter text: the sender's file, for a document that ``forgetsPlaces``.
    package func places(of identities: Set<String>, in text: SendersText? = nil) throws -> [String: RecordPlace] {
        guard !identities.isEmpty else { return [:] }
        let positions = try positions(in: text)
        var places: [String: RecordPlace] = [:]
        var index = 0
        try self.text.forEachRecord { record in
            defer { index += 1 }
            for field in ["clientReferenceId", "claimNumber"] {
                guard let identity = record[field]?.string, identities.contains(identity), places[identity] == nil
                else { continue }
                let place = self.positions?[index] ?? index
                let position = positions.indices.contains(place) ? positions[place] : nil
                places[identity] = RecordPlace(
                    pointer: "/\(kind.arrayName ?? "")/\(place)", line: position?.line, column: position?.column)
            }
        }
        return places
    }

    /// Where each record of the sender's file stands; none where that is not known.
    private func positions(in text: SendersText?) throws -> [JSONPosition] {
        switch self.text {
        case .held(let shape):
            let shape = shape.isConverted ? text.flatMap(shape(of:)) : shape
            return shape.map { shape in
                shape.array?.elements.map { shape.position(ofByte: $0.byteRange.lowerBound) } ?? []
            } ?? []
        case .windowed(let records): return try records.positions()
        }
    }

    /// The document made once more of the sender's text.
    private func shape(of text: SendersText) -> DocumentShape? {
        let shape: Result<DocumentShape, Unfit>
        switch text.form {
        case .xml:
            guard case .success(let decoded) = XMLText.decode(text.bytes),
                case .converted(let converted) = XMLConverter.convert(decoded, rules: rules)
            else { return nil }
            shape = DocumentShape.read(converted, configured: kind)
        case .json, .pdf, .other:
            guard let document = try? JSONDocument(parsing: text.bytes) else { return nil }
            shape = DocumentShape.read(document, configured: kind).flatMap { $0.mapped(rules.fields) }
        }
        return try? shape.get()
    }
}

extension WindowedRecords {
    /// Where each record stands in the sender's file; none for a document that was converted to another text.
    fileprivate func positions() throws -> [JSONPosition] {
        guard !isConverted || !fields.isEmpty else { return [] }
        var text = try WindowedText(
            source, names: [kind.arrayName ?? ""], bare: kind.arrayName ?? "", longestElement: source.size)
        var positions: [JSONPosition] = []
        while let window = try text.next() {
            guard let document = try? JSONDocument(parsing: window.text, maximumDepth: DocumentShape.convertedDepth),
                case .success(let shape) = DocumentShape.read(
                    document, configured: kind, in: .window(window.mark, head: window.head))
            else { throw DocumentHasChanged() }
            positions += shape.array?.elements.map { shape.position(ofByte: $0.byteRange.lowerBound) } ?? []
        }
        return positions
    }
}
