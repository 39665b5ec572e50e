import JSONSchema

/// A place of a kind's JSON Schema, with what a conversion wants to know of it at once. It serves one document.
final class XMLPlace {
    let cursor: SchemaCursor
    /// What may stand here; `nil`: anything.
    let types: Set<JSONType>?
    /// An array, and nothing that an element alone could be.
    let isArray: Bool
    let isText: Bool
    let isNumber: Bool
    let isBoolean: Bool
    let isObject: Bool
    let isNullable: Bool

    private let shelf: Shelf
    // One thread reads one document, and nothing here calls anything that comes back.
    @exclusivity(unchecked) private var fields: [XMLPlace?] = []
    @exclusivity(unchecked) private var anyItem: XMLPlace?

    /// How many places a document may still have kept: strange documents may have a new one with each element.
    private final class Shelf {
        var room = 4096
    }

    convenience init(_ cursor: SchemaCursor) {
        self.init(cursor, Shelf())
    }

    private init(_ cursor: SchemaCursor, _ shelf: Shelf) {
        let types = cursor.types
        self.cursor = cursor
        self.types = types
        self.shelf = shelf
        isArray = types.map { $0.contains(.array) && $0.isDisjoint(with: [.object, .string]) } ?? false
        isText = types?.contains(.string) ?? true
        isNumber = types.map { $0.contains(.number) || $0.contains(.integer) } ?? false
        isBoolean = types?.contains(.boolean) ?? false
        isObject = types?.contains(.object) ?? false
        isNullable = types?.contains(.null) ?? false
    }

    /// The place of a field of this name.
    func field(_ name: XMLName, _ names: XMLNames) -> XMLPlace {
        let index = Int(name.index)
        if index < fields.count, let place = fields[index] { return place }
        let place = XMLPlace(cursor.property(names[name]), shelf)
        // The names that come first in a document are the usual ones.
        if index < 256, shelf.room > 0 {
            shelf.room -= 1
            while fields.count <= index { fields.append(nil) }
            fields[index] = place
        }
        return place
    }

    /// The place of an array's items.
    var item: XMLPlace {
        if let anyItem { return anyItem }
        let place = XMLPlace(cursor.item(), shelf)
        anyItem = place
        return place
    }
}
