import JSONText

extension Validator {
    // MARK: Objects

    mutating func checkObject(
        _ index: Int32, _ schema: Int32, _ node: Int, _ word: JSONWord, _ tracker: Tracker?
    ) -> Bool {
        let rule = program.objects.base[Int(index)]
        var isValid = true
        var seen: UInt64 = 0
        let isPlain = rule.patterns.isEmpty && rule.names < 0
        var place = order.start(of: index)
        var key = tree.firstChild(of: node)
        for member in 0..<word.count {
            let keyWord = tree.word(key)
            let value = key + 1
            let next = tree.next(after: value)
            var isEvaluated = false
            if let slot = slot(rule, keyWord, &place) {
                if slot.bit < 64 { seen |= 1 << UInt64(slot.bit) }
                if slot.schema >= 0 {
                    isEvaluated = true
                    if !accepts(slot.schema, value), !check(slot.schema, value, nil) { isValid = false }
                }
            }
            if !isPlain, !checkKey(rule, schema, key, keyWord, &isEvaluated) { isValid = false }
            if !isEvaluated, rule.additional >= 0 {
                isEvaluated = true
                if program.nodes[rule.additional].isFalse {
                    note(.additionalProperties, schema, value, mark: key)
                    isValid = false
                } else if !check(rule.additional, value, nil) {
                    isValid = false
                }
            }
            if !isValid, isSilent { return false }
            if isEvaluated, let tracker { tracker.pointee.insert(member) }
            key = next
        }
        if seen & rule.required != rule.required {
            noteMissing(rule, schema, node, rule.required & ~seen)
            isValid = false
        }
        if word.count < rule.minProperties {
            note(.minProperties, schema, node, argument: rule.minProperties, second: word.count)
            isValid = false
        }
        if word.count > rule.maxProperties {
            note(.maxProperties, schema, node, argument: rule.maxProperties, second: word.count)
            isValid = false
        }
        guard !rule.moreRequired.isEmpty || !rule.dependentRequired.isEmpty || !rule.dependentSchemas.isEmpty,
            isValid || !isSilent
        else { return isValid }
        return checkDependencies(rule, schema, node, tracker) && isValid
    }

    /// The slot of a key, found at `place` if the keys come as they did in the object before; moves `place` on.
    @inline(__always)
    private mutating func slot(_ rule: ObjectRule, _ key: JSONWord, _ place: inout Int) -> PropertySlot? {
        var found = order[place]
        let (bytes, count) = (tree.text + key.start + 1, key.length - 2)
        if found < 0 || key.flag || !program.isName(program.slots[found].range, bytes, count) {
            found =
                key.flag
                ? withPlainBytes(key) { $0.program.slot(rule, $1.baseAddress.unsafelyUnwrapped, $1.count) }
                : program.slot(rule, bytes, count)
            guard found >= 0 else { return nil }
            order[place] = found
        }
        place = Int(found)
        return program.slots[found]
    }

    /// Whether the value's type says already that it fits.
    @inline(__always)
    private func accepts(_ schema: Int32, _ node: Int) -> Bool {
        program.nodes[schema].accepted.isSuperset(of: TypeMask(tag: tree.word(node).tag))
    }

    private mutating func noteMissing(_ rule: ObjectRule, _ schema: Int32, _ node: Int, _ missing: UInt64) {
        guard !isSilent else { return }
        guard findings.count < limit else {
            // Only counted: a document may have a million such objects.
            findingCount += missing.nonzeroBitCount
            return
        }
        let table = Int(rule.firstSlot)...(Int(rule.firstSlot) + Int(rule.slotMask))
        var names: [UInt32: Int32] = [:]
        for slot in table where program.slots[slot].name >= 0 && program.slots[slot].bit < 64 {
            names[program.slots[slot].bit] = program.slots[slot].name
        }
        // In the order of `required`.
        for bit in UInt32(0)..<64 where missing & (1 << UInt64(bit)) != 0 {
            note(.required, schema, node, argument: Int(names[bit] ?? 0))
        }
    }

    /// `patternProperties` and `propertyNames`.
    private mutating func checkKey(
        _ rule: ObjectRule, _ schema: Int32, _ key: Int, _ word: JSONWord, _ isEvaluated: inout Bool
    ) -> Bool {
        var isValid = true
        for index in stride(from: Int(rule.patterns.start), to: Int(rule.patterns.start + rule.patterns.count), by: 2) {
            let pattern = program.links[index]
            guard withPlainBytes(word, { $0.matches(pattern, $1) }) else { continue }
            isEvaluated = true
            if !check(program.links[index + 1], key + 1, nil) { isValid = false }
        }
        if rule.names >= 0, isValid || !isSilent {
            let before = findings.count
            if !check(rule.names, key, nil) {
                isValid = false
                if before == findings.count { note(.propertyNames, schema, key) }
            }
        }
        return isValid
    }

    private mutating func has(_ name: Int32, _ node: Int) -> Bool {
        let range = program.names[name]
        var key = tree.firstChild(of: node)
        for _ in 0..<tree.word(node).count {
            let word = tree.word(key)
            if withPlainBytes(word, { $0.program.isName(range, $1.baseAddress.unsafelyUnwrapped, $1.count) }) {
                return true
            }
            key = tree.next(after: key + 1)
        }
        return false
    }

    private mutating func checkDependencies(
        _ rule: ObjectRule, _ schema: Int32, _ node: Int, _ tracker: Tracker?
    ) -> Bool {
        var isValid = true
        for index in rule.moreRequired.indices where !has(program.links[index], node) {
            note(.required, schema, node, argument: Int(program.links[index]))
            isValid = false
        }
        let required = rule.dependentRequired
        for index in stride(from: Int(required.start), to: Int(required.start + required.count), by: 3)
        where has(program.links[index], node) {
            let names = PoolRange(start: program.links[index + 1], count: program.links[index + 2])
            for name in names.indices where !has(program.links[name], node) {
                note(
                    .dependentRequired, schema, node, argument: Int(program.links[name]),
                    second: Int(program.links[index]))
                isValid = false
            }
        }
        let schemas = rule.dependentSchemas
        for index in stride(from: Int(schemas.start), to: Int(schemas.start + schemas.count), by: 2)
        where has(program.links[index], node) {
            if !check(program.links[index + 1], node, tracker) { isValid = false }
        }
        return isValid
    }

    // MARK: Arrays

    mutating func checkArray(
        _ index: Int32, _ schema: Int32, _ node: Int, _ word: JSONWord, _ tracker: Tracker?
    ) -> Bool {
        let rule = program.arrays[index]
        let count = word.count
        var isValid = true
        if count < rule.minItems {
            note(.minItems, schema, node, argument: rule.minItems, second: count)
            isValid = false
        }
        if count > rule.maxItems {
            note(.maxItems, schema, node, argument: rule.maxItems, second: count)
            isValid = false
        }
        guard isValid || !isSilent else { return false }
        if rule.items >= 0 || !rule.prefix.isEmpty {
            let isClosed = rule.items >= 0 && program.nodes[rule.items].isFalse
            var child = tree.firstChild(of: node)
            for position in 0..<count {
                let isPrefix = position < Int(rule.prefix.count)
                let element = isPrefix ? program.links[Int(rule.prefix.start) + position] : rule.items
                guard element >= 0 else { break }
                if isClosed, !isPrefix {
                    note(.items, schema, child)
                    isValid = false
                } else if !check(element, child, nil) {
                    isValid = false
                }
                if !isValid, isSilent { return false }
                tracker?.pointee.insert(position)
                child = tree.next(after: child)
            }
        }
        if rule.contains >= 0, !checkContains(rule, schema, node, count, tracker) { isValid = false }
        if rule.isUnique, count > 1, isValid || !isSilent, !checkUnique(schema, node, count) { isValid = false }
        return isValid
    }

    private mutating func checkContains(
        _ rule: ArrayRule, _ schema: Int32, _ node: Int, _ count: Int, _ tracker: Tracker?
    ) -> Bool {
        let wasSilent = isSilent
        isSilent = true
        var matches = 0
        var child = tree.firstChild(of: node)
        for position in 0..<count {
            if check(rule.contains, child, nil) {
                matches += 1
                if rule.containsEvaluates { tracker?.pointee.insert(position) }
            }
            child = tree.next(after: child)
        }
        isSilent = wasSilent
        if matches < rule.minContains {
            let keyword = rule.minContains == 1 ? Keyword.contains : .minContains
            note(keyword, schema, node, argument: rule.minContains, second: matches)
            return false
        }
        if matches > rule.maxContains {
            note(.maxContains, schema, node, argument: rule.maxContains, second: matches)
            return false
        }
        return true
    }

    /// Values are equal where their canonical forms are; a set of these (seeded by the process) keeps it linear.
    private mutating func checkUnique(_ schema: Int32, _ node: Int, _ count: Int) -> Bool {
        var first: [[UInt8]: Int] = [:]
        first.reserveCapacity(count)
        var isValid = true
        var child = tree.firstChild(of: node)
        for position in 0..<count {
            if let earlier = first.updateValue(position, forKey: tree.canonicalBytes(child)) {
                note(.uniqueItems, schema, child, argument: earlier, second: position)
                guard !isSilent else { return false }
                isValid = false
            }
            child = tree.next(after: child)
        }
        return isValid
    }
}
