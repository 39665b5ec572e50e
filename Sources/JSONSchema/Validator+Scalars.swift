import JSONText

extension Validator {
    // MARK: Numbers

    mutating func checkNumber(_ index: Int32, _ schema: Int32, _ node: Int, _ word: JSONWord) -> Bool {
        let rule = program.numbers[index]
        if rule.acceptsNonNegative, tree.text[word.start] != UInt8(ascii: "-") { return true }
        if word.flag, word.length <= 18 {
            let value = tree.smallInteger(word)
            var isValid = true
            // A bound that is no small integer is compared as a decimal.
            func exact(_ bound: NumberBound) -> Bool { bound.decimal >= 0 && !bound.isInt }
            if exact(rule.minimum) || exact(rule.maximum) || exact(rule.exclusiveMinimum)
                || exact(rule.exclusiveMaximum)
                || exact(rule.multipleOf)
            {
                return checkDecimal(rule, schema, node, JSONDecimal(value))
            }
            if rule.minimum.decimal >= 0, value < rule.minimum.int { isValid = fails(.minimum, schema, node) }
            if rule.maximum.decimal >= 0, value > rule.maximum.int { isValid = fails(.maximum, schema, node) }
            if rule.exclusiveMinimum.decimal >= 0, value <= rule.exclusiveMinimum.int {
                isValid = fails(.exclusiveMinimum, schema, node)
            }
            if rule.exclusiveMaximum.decimal >= 0, value >= rule.exclusiveMaximum.int {
                isValid = fails(.exclusiveMaximum, schema, node)
            }
            if rule.multipleOf.decimal >= 0, rule.multipleOf.int == 0 || value % rule.multipleOf.int != 0 {
                isValid = fails(.multipleOf, schema, node)
            }
            return isValid
        }
        return checkDecimal(rule, schema, node, JSONDecimal(tree.text + word.start, count: word.length))
    }

    private mutating func fails(_ keyword: Keyword, _ schema: Int32, _ node: Int) -> Bool {
        note(keyword, schema, node)
        return false
    }

    private mutating func checkDecimal(_ rule: NumberRule, _ schema: Int32, _ node: Int, _ value: JSONDecimal) -> Bool {
        var isValid = true
        if rule.minimum.decimal >= 0, value < program.decimals[Int(rule.minimum.decimal)] {
            isValid = fails(.minimum, schema, node)
        }
        if rule.maximum.decimal >= 0, program.decimals[Int(rule.maximum.decimal)] < value {
            isValid = fails(.maximum, schema, node)
        }
        if rule.exclusiveMinimum.decimal >= 0, value <= program.decimals[Int(rule.exclusiveMinimum.decimal)] {
            isValid = fails(.exclusiveMinimum, schema, node)
        }
        if rule.exclusiveMaximum.decimal >= 0, value >= program.decimals[Int(rule.exclusiveMaximum.decimal)] {
            isValid = fails(.exclusiveMaximum, schema, node)
        }
        if rule.multipleOf.decimal >= 0, !value.isMultiple(of: program.decimals[Int(rule.multipleOf.decimal)]) {
            isValid = fails(.multipleOf, schema, node)
        }
        return isValid
    }

    // MARK: Strings

    mutating func checkString(_ index: Int32, _ schema: Int32, _ node: Int, _ word: JSONWord) -> Bool {
        let rule = program.strings[index]
        var isValid = true
        let bytes = word.length - 2
        // A scalar takes up to 4 bytes, or 12 as an escape: most lengths are settled without counting.
        let least = word.flag ? (bytes + 11) / 12 : (bytes + 3) / 4
        if least < rule.minLength || bytes > rule.maxLength {
            let length = scalarCount(word)
            if length < rule.minLength { isValid = fails(.minLength, schema, node) }
            if length > rule.maxLength { isValid = fails(.maxLength, schema, node) }
        }
        guard rule.pattern >= 0 || rule.format != .none, isValid || !isSilent else { return isValid }
        let undecided = matcher.undecided
        let (isMatch, isFormat) = withPlainBytes(word) { validator, text in
            let isMatch = rule.pattern < 0 || validator.matches(rule.pattern, text)
            return (isMatch, rule.format == .none || rule.format.accepts(text))
        }
        if !isMatch {
            note(.pattern, schema, node, argument: matcher.undecided > undecided ? 1 : 0)
            isValid = false
        }
        if !isFormat { isValid = fails(.format, schema, node) }
        return isValid
    }

    /// A match that was given up counts as none; the report says so besides.
    mutating func matches(_ pattern: Int32, _ text: UnsafeBufferPointer<UInt8>) -> Bool {
        matcher.match(program.patterns[Int(pattern)], text) == .matches
    }

    /// How many Unicode scalars a string has, without its escapes.
    func scalarCount(_ word: JSONWord) -> Int {
        var count = 0
        if word.flag {
            JSONEscaping.decode(tree.text, word) { if $0 & 0xC0 != 0x80 { count += 1 } }
        } else {
            for index in (word.start + 1)..<(word.start + word.length - 1) where tree.text[index] & 0xC0 != 0x80 {
                count += 1
            }
        }
        return count
    }

    // MARK: enum and const

    func contains(_ index: Int32, _ node: Int, _ word: JSONWord) -> Bool {
        let set = program.valueSets[Int(index)]
        guard !set.types.isDisjoint(with: TypeMask(tag: word.tag)) else { return false }
        if word.isContainer || word.flag && word.tag == JSONWord.Tag.string || word.tag == JSONWord.Tag.number {
            let form = tree.canonicalBytes(node)
            return set.index.map { $0[form] != nil } ?? set.forms.contains(form)
        }
        // Null, booleans and strings without escapes stand in the text in their canonical form.
        let text = UnsafeBufferPointer(start: tree.text + word.start, count: word.length)
        if let index = set.index { return index[Array(text)] != nil }
        for form in set.forms where form.count == text.count {
            let isEqual = form.withUnsafeBufferPointer {
                // Neither is empty.
                sameBytes($0.baseAddress.unsafelyUnwrapped, text.baseAddress.unsafelyUnwrapped, text.count)
            }
            if isEqual { return true }
        }
        return false
    }
}
