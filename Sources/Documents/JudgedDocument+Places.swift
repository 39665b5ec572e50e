import JSONText

/// Where a record stands in the document that brought it.
package struct RecordPlace: Sendable, Hashable {
    /// A JSON pointer into the converted document.
    package var pointer: String
    /// `nil` for a document that was converted: its places in the sender's file are not kept.
    package var line: Int?
    package var column: Int?
}

extension JudgedDocument {
    /// Where the records with these identities stand, each the first time.
    package func places(of identities: Set<String>) -> [String: RecordPlace] {
        guard !identities.isEmpty, let array = shape.array else { return [:] }
        var places: [String: RecordPlace] = [:]
        for (index, record) in array.elements.enumerated() where places.count < identities.count {
            for field in ["clientReferenceId", "claimNumber"] {
                guard let identity = record[field]?.string, identities.contains(identity), places[identity] == nil
                else { continue }
                let position = isConverted ? nil : shape.position(ofByte: record.byteRange.lowerBound)
                places[identity] = RecordPlace(
                    pointer: "/\(shape.arrayName)/\(index)", line: position?.line, column: position?.column)
            }
        }
        return places
    }
}
