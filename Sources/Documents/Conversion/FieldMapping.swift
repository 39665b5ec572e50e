import JSONText

/// What becomes of a record's fields before it is validated: `mapping:` and `set:` (contract, section 6).
package struct FieldMapping: Sendable, Hashable {
    /// The sender's name of a field to the schema's.
    package var renamed: [String: String]
    /// Fields that every record gets, each with its value as JSON text.
    package var constants: [String: String]

    package init(renamed: [String: String] = [:], constants: [String: String] = [:]) {
        self.renamed = renamed
        self.constants = constants
    }

    package var isEmpty: Bool { renamed.isEmpty && constants.isEmpty }

    /// A record of an XML document with its fields renamed and its constants in their places.
    ///
    /// - Returns: also a field that stands beside one that gets its name.
    func apply(to record: XMLElement) -> (XMLElement, collision: XMLElement?) {
        guard !isEmpty else { return (record, nil) }
        var record = record
        var collision: XMLElement?
        let present = Set(record.children.map(\.name)).union(record.attributes.map(\.name))
        for index in record.children.indices {
            guard let name = renamed[record.children[index].name] else { continue }
            if name != record.children[index].name && present.contains(name) {
                collision = record.children.first { $0.name == name } ?? record
            }
            record.children[index].name = name
        }
        for index in record.attributes.indices {
            guard let name = renamed[record.attributes[index].name] else { continue }
            if name != record.attributes[index].name && present.contains(name) { collision = record }
            record.attributes[index].name = name
        }
        record.children.removeAll { constants[$0.name] != nil }
        record.attributes.removeAll { constants[$0.name] != nil }
        for (name, literal) in constants.sorted(by: { $0.key < $1.key }) {
            var constant = XMLElement(name: name, offset: record.offset)
            constant.literal = literal
            constant.isNil = literal == "null"
            constant.text = FieldMapping.text(of: literal)
            record.children.append(constant)
        }
        return (record, collision)
    }

    /// What a constant would be as the text of an element.
    private static func text(of literal: String) -> String {
        do throws(JSONSyntaxError) {
            return try JSONDocument(parsing: Array(literal.utf8)).root.string ?? literal
        } catch {
            return literal
        }
    }
}
