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
        valueSets.append(ValueSet(values))
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
            slots[first + index].range = range
        }
        return (Int32(first), Int32(size - 1))
    }

    /// Finds out what each node accepts by its type alone. The nodes are complete and do not refer in circles.
    mutating func settleAcceptedTypes() {
        for index in nodes.indices {
            var accepted = typesWithoutRules(nodes[index])
            var node = nodes[index]
            while node.logic >= 0, !accepted.isEmpty {
                let rule = logics[Int(node.logic)]
                guard rule.isReference else {
                    accepted = []
                    break
                }
                node = nodes[Int(rule.reference)]
                accepted.formIntersection(typesWithoutRules(node))
            }
            nodes[index].accepted = accepted
        }
    }

    private func typesWithoutRules(_ node: SchemaNode) -> TypeMask {
        guard !node.isFalse else { return [] }
        var types = node.types
        if node.number >= 0 { types.subtract(.number) }
        if node.string >= 0 { types.subtract(.string) }
        if node.array >= 0 { types.subtract(.array) }
        if node.object >= 0 { types.subtract(.object) }
        return types
    }
}
