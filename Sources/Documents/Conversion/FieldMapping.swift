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

    /// A field of an XML document that gets the name of another.
    struct Collision {
        let field: String
        let message: String
        let offset: Int
    }

    /// The name that a sender's field gets; `nil`: a constant takes its place.
    func name(of field: String) -> String? {
        let name = renamed[field] ?? field
        return constants[name] == nil ? name : nil
    }

    /// The constants as JSON text, in the order in which they are written.
    var constantsInOrder: [(name: String, literal: String)] {
        constants.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// A record of an XML document with its fields renamed and its constants behind them.
    ///
    /// - Returns: also a field that gets the name of another.
    func apply(to record: XMLElement) -> (XMLElement, collision: Collision?) {
        guard !isEmpty else { return (record, nil) }
        var result = record
        result.children = []
        result.attributes = []
        var collision: Collision?
        /// By the new name, the sender's field that has it.
        var owners: [String: (field: String, offset: Int)] = [:]
        func rename(_ field: String, of element: XMLElement) -> String? {
            guard let name = name(of: field) else { return nil }
            guard let owner = owners[name] else {
                owners[name] = (field, element.offset)
                return name
            }
            if owner.field != field && collision == nil {
                // It is shown at a field that is mapped, which one of them is.
                let isOwnName = field == name
                let shown = isOwnName ? owner.field : field
                let other = isOwnName ? field : owner.field
                collision = Collision(
                    field: shown, message: FieldMapping.collision(shown, other, name),
                    offset: isOwnName ? owner.offset : element.offset)
            }
            return name
        }
        for (field, value) in record.attributes {
            if let name = rename(field, of: record) { result.attributes.append((name, value)) }
        }
        for child in record.children {
            guard let name = rename(child.name, of: child) else { continue }
            var child = child
            child.name = name
            result.children.append(child)
        }
        for (name, literal) in constantsInOrder {
            var constant = XMLElement(name: name, offset: record.offset)
            constant.literal = literal
            constant.isNil = literal == "null"
            constant.text = FieldMapping.text(of: literal)
            result.children.append(constant)
        }
        return (result, collision)
    }

    static let collisionTitle = "1 record does not fit the mapping"

    /// Why two fields of one name cannot be.
    static func collision(_ field: String, _ other: String, _ name: String) -> String {
        let fields = "\(JSONEscaping.printable(field, limit: 80)) and \(JSONEscaping.printable(other, limit: 80))"
        return "the fields \(fields) would both be \(name): a field is mapped to a name that is taken"
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
