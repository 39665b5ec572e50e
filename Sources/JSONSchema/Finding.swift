/// The keywords that a value can offend.
enum Keyword: String {
    case type, `enum`, const, `false`
    case minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf
    case minLength, maxLength, pattern, format
    case minItems, maxItems, uniqueItems, items, additionalItems, contains, minContains, maxContains, unevaluatedItems
    case minProperties, maxProperties, required, dependentRequired, additionalProperties, unevaluatedProperties
    case propertyNames
    case anyOf, oneOf, not
    case reference = "$ref"
}

/// A violation as the validator notes it: numbers only. Sentences are made at the end, for those that are listed.
struct Finding: BitwiseCopyable {
    var keyword: Keyword
    /// The schema that holds the keyword.
    var schema: Int32
    /// The value that offends.
    var node: Int
    /// The node to point at.
    var mark: Int
    /// By the keyword: a name that is missing, an index, a mask of types, how many alternatives match.
    var argument = 0
    var second = 0
}

/// Which members or elements of one value were evaluated, for `unevaluatedProperties` and `unevaluatedItems`.
struct Evaluated {
    private var bits: [UInt64]

    init(count: Int) { bits = [UInt64](repeating: 0, count: (count + 63) / 64) }

    /// As many as in `other`, none of them evaluated.
    init(like other: Evaluated) { bits = [UInt64](repeating: 0, count: other.bits.count) }

    mutating func insert(_ index: Int) { bits[index >> 6] |= 1 << UInt64(index & 63) }
    func contains(_ index: Int) -> Bool { bits[index >> 6] & (1 << UInt64(index & 63)) != 0 }

    mutating func formUnion(_ other: Evaluated) {
        for index in bits.indices { bits[index] |= other.bits[index] }
    }
}

/// Where a schema notes what it evaluated; `nil` where nobody asks.
typealias Tracker = UnsafeMutablePointer<Evaluated>
