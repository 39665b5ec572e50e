import Synchronization

/// What a schema says of one place in a value, without a value: through `$ref`, `allOf`, `anyOf`, `oneOf`, `if`,
/// `properties`, `patternProperties`, `additionalProperties`, `items` and the rest.
///
/// ```swift
/// let amount = schema.cursor.property("accounts").item().property("outstandingAmount")
/// amount.types        // [.number]
/// ```
///
/// Steps to properties that the schema names are remembered, so that taking one again costs a look-up.
public struct SchemaCursor: Sendable {
    let state: SchemaState

    /// The place of this member.
    public func property(_ name: String) -> SchemaCursor { SchemaCursor(state: state.property(name)) }

    /// Whether the schema names this member.
    public func names(_ name: String) -> Bool {
        _ = state.property(name)
        return state.knows(name)
    }

    /// The place of this element.
    public func item(at index: Int) -> SchemaCursor { SchemaCursor(state: state.item(at: index)) }

    /// The place of any element: what is said of one or another.
    public func item() -> SchemaCursor { SchemaCursor(state: state.item(at: nil)) }

    /// The types that are allowed here, with `integer` only where other numbers are not; `nil` where all are.
    /// Where alternatives allow different ones, it is all of theirs.
    public var types: Set<JSONType>? { state.types }

    /// The place or one that it lies in is marked `"x-sensitive": true`, by any schema that may apply to it.
    public var isSensitive: Bool { state.isSensitive }
}

/// The schemas that apply at a place.
indirect enum SchemaShape: Hashable {
    case schema(Int32)
    case all([SchemaShape])
    case any([SchemaShape])
    /// It may apply, but nothing is known of the types: counts for sensitivity only.
    case maybe([SchemaShape])

    /// Nothing is said.
    static var anything: SchemaShape { .all([]) }

    // Layers and repetitions that add nothing are left out: a shape does not grow with the depth of its place.

    static func all(of shapes: [SchemaShape]) -> SchemaShape {
        let parts = flat(shapes) { if case .all(let inner) = $0 { inner } else { [$0] } }
        return parts.count == 1 ? parts[0] : .all(parts)
    }

    static func any(of shapes: [SchemaShape]) -> SchemaShape {
        let parts = flat(shapes) { if case .any(let inner) = $0 { inner } else { [$0] } }
        return parts.count == 1 ? parts[0] : .any(parts)
    }

    static func maybe(of shapes: [SchemaShape]) -> SchemaShape {
        .maybe(flat(shapes) { if case .maybe(let inner) = $0 { inner } else { [$0] } })
    }

    private static func flat(_ shapes: [SchemaShape], _ open: (SchemaShape) -> [SchemaShape]) -> [SchemaShape] {
        var seen: Set<SchemaShape> = []
        return shapes.flatMap(open).filter { seen.insert($0).inserted }
    }
}

/// A place with what is known of it. Places that the schema names are made once.
final class SchemaState: Sendable {
    private let shape: SchemaShape
    private let program: SchemaProgram
    let types: Set<JSONType>?
    let isSensitive: Bool
    private let known = Mutex<[String: SchemaState]>([:])
    private let elements = Mutex<[Int: SchemaState]>([:])

    init(_ shape: SchemaShape, isInherited: Bool, _ program: SchemaProgram) {
        self.shape = shape
        self.program = program
        let reader = ShapeReader(program: program)
        let mask = reader.mask(shape)
        types = mask == .any ? nil : mask.types
        isSensitive = isInherited || reader.isSensitive(shape)
    }

    func property(_ name: String) -> SchemaState {
        if let state = known.withLock({ $0[name] }) { return state }
        let (shape, isNamed) = ShapeReader(program: program).property(self.shape, Array(name.utf8))
        let state = SchemaState(shape, isInherited: isSensitive, program)
        // Names that only documents know are not kept: there is no end to them.
        guard isNamed else { return state }
        return known.withLock { known in
            if let other = known[name] { return other }
            known[name] = state
            return state
        }
    }

    /// Whether the schema names this property; asked after ``property(_:)``.
    func knows(_ name: String) -> Bool { known.withLock { $0[name] != nil } }

    func item(at index: Int?) -> SchemaState {
        let longest = ShapeReader(program: program).longestPrefix
        let key = index.map { min($0, longest) } ?? -1
        if let state = elements.withLock({ $0[key] }) { return state }
        let shape = ShapeReader(program: program).item(self.shape, index.map { _ in key })
        let state = SchemaState(shape, isInherited: isSensitive, program)
        return elements.withLock { elements in
            if let other = elements[key] { return other }
            elements[key] = state
            return state
        }
    }
}
