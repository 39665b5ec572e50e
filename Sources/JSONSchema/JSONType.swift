/// The types that JSON Schema has names for.
public enum JSONType: String, Sendable, Hashable, CaseIterable {
    case null, boolean, integer, number, string, array, object

    var mask: TypeMask {
        switch self {
        case .null: .null
        case .boolean: .boolean
        case .integer: .integer
        case .number: .number
        case .string: .string
        case .array: .array
        case .object: .object
        }
    }
}

extension TypeMask {
    /// The types by name; `integer` only where other numbers are not allowed.
    var types: Set<JSONType> {
        var types = Set(JSONType.allCases.filter { contains($0.mask) })
        if contains(.fraction) {
            types.remove(.integer)
            types.insert(.number)
        }
        return types
    }
}
