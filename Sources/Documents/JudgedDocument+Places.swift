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
        var found: [String: Int] = [:]
        var index = 0
        try self.text.forEachRecord { record in
            defer { index += 1 }
            for field in ["clientReferenceId", "claimNumber"] {
                guard let identity = record[field]?.string, identities.contains(identity), found[identity] == nil
                else { continue }
                found[identity] = self.positions?[index] ?? index
            }
        }
        let positions = try positions(of: Set(found.values), in: text)
        return found.mapValues { index in
            RecordPlace(
                pointer: "/\(kind.arrayName ?? "")/\(index)", line: positions[index]?.line,
                column: positions[index]?.column)
        }
    }

    /// Where some records of the sender's file stand, by their places in it; none where that is not known.
    private func positions(of wanted: Set<Int>, in text: SendersText?) throws -> [Int: JSONPosition] {
        switch self.text {
        case .held(let shape):
            return (shape.isConverted ? text.flatMap(shape(of:)) : shape)?.positions(of: wanted) ?? [:]
        case .windowed(let records): return try records.positions(of: wanted)
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

extension DocumentShape {
    /// Each is counted out from the text's beginning.
    ///
    /// - Parameter first: how many records of the document stand before those of this text.
    fileprivate func positions(of wanted: Set<Int>, first: Int = 0) -> [Int: JSONPosition] {
        var positions: [Int: JSONPosition] = [:]
        guard let array else { return positions }
        for (index, record) in array.elements.enumerated() where wanted.contains(first + index) {
            positions[first + index] = position(ofByte: record.byteRange.lowerBound)
        }
        return positions
    }
}

extension WindowedRecords {
    /// As with a document that is held; none for one that was converted to another text, and for one that can be read no
    /// more as it was when it was judged.
    fileprivate func positions(of wanted: Set<Int>) throws -> [Int: JSONPosition] {
        guard !isConverted || !fields.isEmpty else { return [:] }
        do {
            return try positionsInText(of: wanted)
        } catch is WindowedText.Obstacle {
            return [:]
        }
    }

    private func positionsInText(of wanted: Set<Int>) throws -> [Int: JSONPosition] {
        var text = try WindowedText(
            source, names: Kind.documents.compactMap(\.arrayName), bare: kind.arrayName ?? "",
            longestElement: source.size)
        var positions: [Int: JSONPosition] = [:]
        var first = 0
        while let window = try text.next() {
            guard window.name == kind.arrayName else { continue }
            guard let document = try? JSONDocument(parsing: window.text, maximumDepth: DocumentShape.convertedDepth),
                case .success(let shape) = DocumentShape.read(
                    document, configured: kind, in: .window(window.mark, head: window.head))
            else { throw DocumentHasChanged() }
            positions.merge(shape.positions(of: wanted, first: first)) { $1 }
            first += shape.array?.count ?? 0
        }
        return positions
    }
}
