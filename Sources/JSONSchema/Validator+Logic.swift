import JSONText

extension Validator {
    mutating func checkLogic(
        _ index: Int32, _ schema: Int32, _ node: Int, _ word: JSONWord, _ tracker: Tracker?
    ) -> Bool {
        let rule = program.logics.base[Int(index)]
        var isValid = true
        if rule.enumeration >= 0, !contains(rule.enumeration, node, word) {
            note(.enum, schema, node)
            isValid = false
        }
        if rule.constant >= 0, !contains(rule.constant, node, word) {
            note(.const, schema, node)
            isValid = false
        }
        if rule.reference >= 0, isValid || !isSilent, !follow(rule.reference, node, tracker) { isValid = false }
        if rule.dynamicReference >= 0, isValid || !isSilent {
            let target = resolve(program.dynamicReferences[rule.dynamicReference])
            if !follow(target, node, tracker) { isValid = false }
        }
        for link in rule.allOf.indices where isValid || !isSilent {
            if !check(program.links[link], node, tracker) { isValid = false }
        }
        if !rule.anyOf.isEmpty, isValid || !isSilent, !checkAnyOf(rule.anyOf, schema, node, tracker) { isValid = false }
        if !rule.oneOf.isEmpty, isValid || !isSilent, !checkOneOf(rule.oneOf, schema, node, tracker) { isValid = false }
        if rule.not >= 0, isValid || !isSilent, silently(rule.not, node, nil) {
            note(.not, schema, node)
            isValid = false
        }
        if rule.condition >= 0, isValid || !isSilent {
            let branch = silently(rule.condition, node, tracker) ? rule.then : rule.otherwise
            if branch >= 0, !check(branch, node, tracker) { isValid = false }
        }
        return isValid
    }

    /// Whether the value fits, without noting why not. What it evaluated counts only if it does.
    private mutating func silently(_ schema: Int32, _ node: Int, _ tracker: Tracker?) -> Bool {
        let wasSilent = isSilent
        isSilent = true
        defer { isSilent = wasSilent }
        guard let tracker else { return check(schema, node, nil) }
        var evaluated = Evaluated(like: tracker.pointee)
        guard check(schema, node, &evaluated) else { return false }
        tracker.pointee.formUnion(evaluated)
        return true
    }

    private mutating func checkAnyOf(_ branches: PoolRange, _ schema: Int32, _ node: Int, _ tracker: Tracker?) -> Bool {
        var isValid = false
        for link in branches.indices where !isValid || tracker != nil {
            if silently(program.links[link], node, tracker) { isValid = true }
        }
        if !isValid { explain(.anyOf, branches, schema, node) }
        return isValid
    }

    private mutating func checkOneOf(_ branches: PoolRange, _ schema: Int32, _ node: Int, _ tracker: Tracker?) -> Bool {
        var first: Int?
        for (position, link) in branches.indices.enumerated() where silently(program.links[link], node, tracker) {
            if let first {
                note(.oneOf, schema, node, argument: first, second: position)
                return false
            }
            first = position
        }
        if first == nil { explain(.oneOf, branches, schema, node) }
        return first != nil
    }

    // MARK: The closest branch

    /// Notes what the closest of several failing branches has to say: one that is of the value's type, whose constants
    /// are right, with the fewest violations.
    private mutating func explain(_ keyword: Keyword, _ branches: PoolRange, _ schema: Int32, _ node: Int) {
        guard !isSilent else { return }
        let (outer, outerCount) = (findings, findingCount)
        var best: (rank: (Int, Int, Int), findings: [Finding], count: Int)?
        var types: TypeMask = []
        var areTypes = true
        var areValues = true
        for link in branches.indices {
            (findings, findingCount) = ([], 0)
            _ = check(program.links[link], node, nil)
            let own = findings.filter { $0.node == node }
            areTypes = areTypes && findings.count == 1 && own.first?.keyword == .type
            areValues =
                areValues && findings.count == 1 && (own.first?.keyword == .enum || own.first?.keyword == .const)
            if let type = own.first(where: { $0.keyword == .type }) {
                types.formUnion(TypeMask(rawValue: UInt8(truncatingIfNeeded: type.argument)))
            }
            let misfits = own.count {
                $0.keyword == .type || $0.keyword == .enum || $0.keyword == .const || $0.keyword == .false
            }
            let constants = findings.count { ($0.keyword == .const || $0.keyword == .enum) && $0.node != node }
            let rank = (misfits, constants, findingCount)
            if findingCount > 0, best.map({ rank < $0.rank }) ?? true { best = (rank, findings, findingCount) }
        }
        (findings, findingCount) = (outer, outerCount)
        if areTypes {
            note(.type, schema, node, argument: Int(types.rawValue), second: keyword == .anyOf ? 1 : 2)
        } else if areValues || best == nil {
            note(keyword, schema, node, argument: -1, second: areValues ? 1 : 0)
        } else if let best {
            findingCount += best.count
            findings += best.findings.prefix(max(0, limit - findings.count))
        }
    }
}
