import JSONText

/// A range of a pool.
struct PoolRange: BitwiseCopyable {
    var start: Int32 = 0
    var count: Int32 = 0

    var isEmpty: Bool { count == 0 }
    var indices: Range<Int> { Int(start)..<Int(start + count) }
}

/// The index of nothing.
let none: Int32 = -1

/// The sorts of values a `type` allows, as bits.
struct TypeMask: OptionSet, BitwiseCopyable {
    let rawValue: UInt8

    static let null = TypeMask(rawValue: 1)
    static let boolean = TypeMask(rawValue: 2)
    /// Numbers that are integers; `number` has both bits.
    static let integer = TypeMask(rawValue: 4)
    static let fraction = TypeMask(rawValue: 8)
    static let string = TypeMask(rawValue: 16)
    static let array = TypeMask(rawValue: 32)
    static let object = TypeMask(rawValue: 64)
    static let number: TypeMask = [.integer, .fraction]
    static let any = TypeMask(rawValue: 127)

    /// By the tag of a word, with both bits for a number.
    @inline(__always)
    init(tag: UInt8) {
        // One byte a tag: null, false, true, number, string, array, object.
        rawValue = UInt8(truncatingIfNeeded: 0x40_20_10_0C_02_02_01 >> (UInt64(tag) * 8))
    }

    init(rawValue: UInt8) { self.rawValue = rawValue }
}

/// One compiled schema: what every value is asked, and where the rest is for each sort of value.
struct SchemaNode: BitwiseCopyable {
    var types = TypeMask.any
    /// Values of these types fit without another look, also where the schema only refers to one that takes them all.
    var accepted: TypeMask = []
    var isFalse = false
    var isSensitive = false
    /// It has `unevaluatedProperties` or `unevaluatedItems`.
    var tracks = false
    var resource: Int32 = 0
    var number = none
    var string = none
    var array = none
    var object = none
    /// In-place applicators, references, `enum` and `const`.
    var logic = none
}

/// A bound of a number.
struct NumberBound: BitwiseCopyable {
    /// Among the decimals; `none` for no bound.
    var decimal = none
    /// The bound as an integer, where it is one.
    var isInt = false
    var int = 0
}

struct NumberRule: BitwiseCopyable {
    var minimum = NumberBound()
    var maximum = NumberBound()
    var exclusiveMinimum = NumberBound()
    var exclusiveMaximum = NumberBound()
    var multipleOf = NumberBound()
    /// Every number without a minus is allowed.
    var acceptsNonNegative = false
}

struct StringRule: BitwiseCopyable {
    var minLength = 0
    var maxLength = Int.max
    var pattern = none
    var format = StringFormat.none
}

struct ArrayRule: BitwiseCopyable {
    var minItems = 0
    var maxItems = Int.max
    var isUnique = false
    var prefix = PoolRange()
    /// For the elements after the prefix.
    var items = none
    var contains = none
    var minContains = 1
    var maxContains = Int.max
    /// Elements that `contains` matches count as evaluated (2020-12).
    var containsEvaluates = false
    var unevaluated = none
}

struct ObjectRule: BitwiseCopyable {
    var minProperties = 0
    var maxProperties = Int.max
    /// The table of names: its first slot, and its size less one (a power of two less one); -1 for no table.
    var firstSlot: Int32 = 0
    var slotMask: Int32 = -1
    /// Bits of the required names in the table.
    var required: UInt64 = 0
    /// Required names beyond the 64 that have bits.
    var moreRequired = PoolRange()
    /// Pairs of pattern and schema.
    var patterns = PoolRange()
    var additional = none
    var names = none
    /// Triples: a name, and the range of names that it requires.
    var dependentRequired = PoolRange()
    /// Pairs: a name, and a schema for the object.
    var dependentSchemas = PoolRange()
    var unevaluated = none
    /// What it requires comes from `dependencies`.
    var isDraft07 = false
}

/// A name of a property in a table.
struct PropertySlot: BitwiseCopyable {
    /// Among the names; `none` for an empty slot.
    var name = none
    /// Where the name is among the bytes of all names.
    var range = NameRange(start: 0, count: 0)
    var schema = none
    /// The bit of a required name, or 64 for none.
    var bit: UInt32 = 64
}

/// A name's place among the bytes of all names.
struct NameRange: BitwiseCopyable {
    var start: UInt32
    var count: UInt32
}

struct LogicRule: BitwiseCopyable {
    var reference = none
    var dynamicReference = none
    var allOf = PoolRange()
    var anyOf = PoolRange()
    var oneOf = PoolRange()
    var not = none
    var condition = none
    var then = none
    var otherwise = none
    /// Among the value sets.
    var enumeration = none
    var constant = none

    /// It consists of a `$ref` and nothing else.
    var isReference: Bool {
        reference >= 0 && dynamicReference < 0 && allOf.isEmpty && anyOf.isEmpty && oneOf.isEmpty && not < 0
            && condition < 0 && enumeration < 0 && constant < 0
    }
}

/// A `$dynamicRef` or `$recursiveRef`.
struct DynamicReference: BitwiseCopyable {
    /// Where it leads without regard to the dynamic scope.
    var initial: Int32
    /// Among the names of dynamic anchors; `none` where the reference is an ordinary one.
    var anchor: Int32
}

/// Values of an `enum` or `const`.
final class ValueSet: Sendable {
    /// In canonical form, with their order as in the schema.
    let forms: [[UInt8]]
    /// The forms' places, where there are enough of them to be worth it.
    let index: [[UInt8]: Int]?
    let values: [JSONValue]
    let types: TypeMask

    init(_ values: [JSONValue]) {
        let forms = values.map { $0.canonicalBytes() }
        var types: TypeMask = []
        for value in values {
            if value.kind == .number {
                types.formUnion(value.number?.isInteger == true ? .integer : .fraction)
            } else {
                types.formUnion(TypeMask(tag: value.storage.withTree { $0.word(value.node).tag }))
            }
        }
        (self.values, self.forms, self.types) = (values, forms, types)
        index =
            forms.count > 16
            ? Dictionary(forms.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first }) : nil
    }
}
