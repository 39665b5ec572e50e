import JSONText
import Model

/// Where a record stands in the document that brought it.
package struct RecordPlace: Sendable, Hashable {
    /// A JSON pointer into the converted document.
    package var pointer: String
    /// `nil` for a document that was converted or is not held: its places in the sender's file are not kept.
    package var line: Int?
    package var column: Int?
}

extension JudgedDocument {
    /// Where the records with these identities stand, each the first time.
    package func places(of identities: Set<String>) throws -> [String: RecordPlace] {
        guard !identities.isEmpty else { return [:] }
        var places: [String: RecordPlace] = [:]
        var index = 0
        try text.forEachRecord { record in
            defer { index += 1 }
            for field in ["clientReferenceId", "claimNumber"] {
                guard let identity = record[field]?.string, identities.contains(identity), places[identity] == nil
                else { continue }
                let position = position(of: record)
                places[identity] = RecordPlace(
                    pointer: "/\(kind.arrayName ?? "")/\(positions?[index] ?? index)", line: position?.line,
                    column: position?.column)
            }
        }
        return places
    }

    private func position(of record: JSONValue) -> JSONPosition? {
        guard case .held(let shape) = text, !shape.isConverted else { return nil }
        return shape.position(ofByte: record.byteRange.lowerBound)
    }
}
