import JSONText

/// The pools of a program while they grow.
struct ProgramBuilder {
    var nodes: [SchemaNode] = []
    var numbers: [NumberRule] = []
    var strings: [StringRule] = []
    var arrays: [ArrayRule] = []
    var objects: [ObjectRule] = []
    var logics: [LogicRule] = []
    var slots: [PropertySlot] = []
    var names: [NameRange] = []
    var nameBytes: [UInt8] = []
    var links: [Int32] = []
    var dynamicReferences: [DynamicReference] = []
    var decimals: [JSONDecimal] = []
    var patterns: [Pattern] = []
    var valueSets: [ValueSet] = []
    private var nameIndices: [[UInt8]: Int32] = [:]
    private var patternIndices: [String: Int32] = [:]

    mutating func range(_ elements: [Int32]) -> PoolRange {
        let range = PoolRange(start: Int32(links.count), count: Int32(elements.count))
        links += elements
        return range
    }

    mutating func name(_ text: String) -> Int32 {
        let bytes = Array(text.utf8)
        if let known = nameIndices[bytes] { return known }
        let index = Int32(names.count)
        names.append(NameRange(start: UInt32(nameBytes.count), count: UInt32(bytes.count)))
        nameBytes += bytes
        nameIndices[bytes] = index
        return index
    }

    mutating func pattern(_ source: String) throws(ECMAPattern.Refusal) -> Int32 {
        if let known = patternIndices[source] { return known }
        patterns.append(try Pattern(source))
        patternIndices[source] = Int32(patterns.count - 1)
        return Int32(patterns.count - 1)
    }

    mutating func bound(_ decimal: JSONDecimal) -> NumberBound {
        decimals.append(decimal)
        return NumberBound(decimal: Int32(decimals.count - 1), isInt: decimal.int != nil, int: decimal.int ?? 0)
    }

    mutating func valueSet(_ values: [JSONValue]) -> Int32 {
        var set = ValueSet(forms: values.map { $0.canonicalBytes() }, index: nil, values: values, types: [])
        if values.count > 16 {
            set.index = Dictionary(set.forms.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        }
        for value in values {
            if value.kind == .number {
                set.types.formUnion(value.number?.isInteger == true ? .integer : .fraction)
            } else {
                set.types.formUnion(TypeMask(tag: value.storage.withTree { $0.word(value.node).tag }))
            }
        }
        valueSets.append(set)
        return Int32(valueSets.count - 1)
    }

    /// Lays out a table of names with half of its slots free.
    mutating func table(_ entries: [PropertySlot]) -> (first: Int32, mask: Int32) {
        guard !entries.isEmpty else { return (0, -1) }
        var size = 2
        while size < entries.count * 2 { size *= 2 }
        let first = slots.count
        slots += [PropertySlot](repeating: PropertySlot(), count: size)
        for entry in entries {
            let range = names[Int(entry.name)]
            let bytes = Array(nameBytes[Int(range.start)..<Int(range.start + range.count)]) + [0]
            var index = Int(nameHash(bytes, Int(range.count))) & (size - 1)
            while slots[first + index].name >= 0 { index = (index + 1) & (size - 1) }
            slots[first + index] = entry
        }
        return (Int32(first), Int32(size - 1))
    }
}
