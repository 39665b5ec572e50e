import Model

/// Whose an attachment is, by its name.
package struct AttachmentFields: Sendable, Hashable {
    package var brand: String
    package var portfolio: String
    package var clientReferenceId: String
}

/// The agreed form of attachments' names: fields in braces with separators between them (contract, section 4).
package struct AttachmentName: Sendable, Hashable {
    private enum Piece: Sendable, Hashable {
        case field(String)
        case separator([UInt8])
    }

    private let pieces: [Piece]
    private let template: String

    /// - Parameter template: such as `{brand}-{portfolio}-{clientReferenceId}`.
    package init(template: String) {
        var pieces: [Piece] = []
        var rest = template[...]
        while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
            if open > rest.startIndex { pieces.append(.separator(Array(rest[..<open].utf8))) }
            pieces.append(.field(String(rest[rest.index(after: open)..<close])))
            rest = rest[rest.index(after: close)...]
        }
        if !rest.isEmpty { pieces.append(.separator(Array(rest.utf8))) }
        self.pieces = pieces
        self.template = template
    }

    /// Reads a file's name without its extension: each field goes up to the next separator, the last takes the rest.
    ///
    /// - Returns: `nil` where the name has another form, no clientReferenceId, or is not UTF-8.
    package func fields(of name: FileName) -> AttachmentFields? {
        var rest = Array(name.split.stem)[...]
        var fields = AttachmentFields(brand: "", portfolio: "", clientReferenceId: "")
        for (index, piece) in pieces.enumerated() {
            switch piece {
            case .separator(let separator):
                guard rest.starts(with: separator) else { return nil }
                rest = rest.dropFirst(separator.count)
            case .field(let field):
                let end = self.end(of: rest, before: index + 1)
                guard let end, let value = String(validating: rest[..<end], as: UTF8.self) else { return nil }
                switch field {
                case "brand": fields.brand = value
                case "portfolio": fields.portfolio = value
                default: fields.clientReferenceId = value
                }
                rest = rest[end...]
            }
        }
        let length = fields.clientReferenceId.unicodeScalars.count
        return rest.isEmpty && (1...150).contains(length) ? fields : nil
    }

    /// Where a field ends: before the next separator, for the last field before what has to stand behind it.
    private func end(of rest: ArraySlice<UInt8>, before next: Int) -> Int? {
        guard next < pieces.count, case .separator(let separator) = pieces[next] else { return rest.endIndex }
        if next == pieces.count - 1 {
            return rest.count >= separator.count && rest.suffix(separator.count).elementsEqual(separator)
                ? rest.endIndex - separator.count : nil
        }
        return rest.indices.first { rest[$0...].starts(with: separator) }
    }

    package var description: String { template }
}
