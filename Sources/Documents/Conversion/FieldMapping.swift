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

    /// The name that a sender's field gets; `nil`: a constant takes its place.
    func name(of field: String) -> String? {
        let name = renamed[field] ?? field
        return constants[name] == nil ? name : nil
    }

    /// The constants as JSON text, in the order in which they are written.
    var constantsInOrder: [(name: String, literal: String)] {
        constants.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    static let collisionTitle = "1 record does not fit the mapping"

    /// Why two fields of one name cannot be.
    static func collision(_ field: String, _ other: String, _ name: String) -> String {
        let fields = "\(JSONEscaping.printable(field, limit: 80)) and \(JSONEscaping.printable(other, limit: 80))"
        return "the fields \(fields) would both be \(name): a field is mapped to a name that is taken"
    }
}
