/// Translates a regular expression of ECMA-262 (with its `u` flag, as JSON Schema recommends) into one that PCRE2 reads
/// with the same meaning, or says why there is none.
///
/// What it has to see to: `\d \w \s .` and `$` mean other things in PCRE2, `[]` and `[^]` are no classes there, `\uXXXX`
/// and long property names are unknown, and PCRE2 has much syntax of its own that ECMA-262 reads otherwise or not at all.
/// Where no back reference needs them, groups do not capture.
struct ECMAPattern {
    struct Refusal: Error { let reason: String }

    let source: [Unicode.Scalar]
    var at = 0
    var output = ""
    private var depth = 0
    /// Groups that capture, by number from 1, as a first look at the source found them.
    var groupNames: [String?] = []
    private var hasReferences = false
    /// The number of the last group that was opened, and the groups that were closed.
    private var opened = 0
    var closed: Set<Int> = []
    var references: [Int] = []
    /// The groups inside a group that is repeated.
    private var repeatedGroups: Set<Int> = []

    /// The expression for PCRE2 (`UTF`, `DOLLAR_ENDONLY`, `MATCH_UNSET_BACKREF`, no `UCP`).
    static func translate(_ pattern: String) throws(Refusal) -> String {
        var translator = ECMAPattern(source: Array(pattern.unicodeScalars))
        translator.scanGroups()
        try translator.disjunction()
        guard translator.at == translator.source.count else { throw Refusal(reason: "a ) has no ( before it") }
        // ECMA-262 forgets a group's capture at each repetition of what encloses it; PCRE2 keeps it.
        for reference in translator.references where translator.repeatedGroups.contains(reference) {
            throw Refusal(reason: "a back reference to a group inside a repeated group means something else in PCRE2")
        }
        return translator.output
    }

    private init(source: [Unicode.Scalar]) { self.source = source }

    func peek(_ offset: Int = 0) -> Unicode.Scalar? {
        at + offset < source.count ? source[at + offset] : nil
    }

    mutating func take(_ text: String) -> Bool {
        var offset = 0
        for scalar in text.unicodeScalars {
            guard peek(offset) == scalar else { return false }
            offset += 1
        }
        at += offset
        return true
    }

    private mutating func scanGroups() {
        var index = 0
        var inClass = false
        while index < source.count {
            switch source[index] {
            case "\\":
                index += 1
                if !inClass, index < source.count, source[index] == "k" || ("1"..."9").contains(source[index]) {
                    hasReferences = true
                }
            case "[": inClass = true
            case "]": inClass = false
            case "(" where !inClass:
                if index + 1 < source.count, source[index + 1] == "?" {
                    guard index + 3 < source.count, source[index + 2] == "<", source[index + 3] != "=",
                        source[index + 3] != "!"
                    else { break }
                    let name = source[(index + 3)...].prefix { $0 != ">" }
                    groupNames.append(String(String.UnicodeScalarView(name)))
                } else {
                    groupNames.append(nil)
                }
            default: break
            }
            index += 1
        }
    }

    // MARK: Structure

    private mutating func disjunction() throws(Refusal) {
        depth += 1
        guard depth < 100 else { throw Refusal(reason: "its groups are nested too deep") }
        while let next = peek(), next != ")" {
            if next == "|" {
                at += 1
                output += "|"
            } else {
                try term()
            }
        }
        depth -= 1
    }

    private mutating func term() throws(Refusal) {
        var firstInside = opened + 1
        var mayRepeat = true
        switch source[at] {
        case "^", "$":
            output.unicodeScalars.append(source[at])
            at += 1
            mayRepeat = false
        case "(":
            let group = try group()
            mayRepeat = !group.isLookaround
            if group.isCapturing { firstInside += 1 }
        case ".":
            at += 1
            output += "[^\\n\\r\\x{2028}\\x{2029}]"
        case "[": try characterClass()
        case "\\": mayRepeat = try escape()
        case "*", "+", "?": throw Refusal(reason: "a \(source[at]) has nothing to repeat")
        case "{" where quantifierLength() != nil: throw Refusal(reason: "a { has nothing to repeat")
        case let scalar:
            at += 1
            literal(scalar)
        }
        try quantifier(allowed: mayRepeat, inside: firstInside..<max(firstInside, opened + 1))
    }

    private mutating func group() throws(Refusal) -> (isLookaround: Bool, isCapturing: Bool) {
        var isLookaround = false
        var number: Int?
        if let kind = ["(?=", "(?!", "(?<=", "(?<!"].first(where: { take($0) }) {
            output += kind
            isLookaround = true
        } else if take("(?:") {
            output += "(?:"
        } else if take("(?<") {
            guard let end = source[at...].firstIndex(of: ">") else {
                throw Refusal(reason: "a group's name has no end")
            }
            let name = String(String.UnicodeScalarView(source[at..<end]))
            guard isName(name) else { throw Refusal(reason: "a group's name is none") }
            guard groupNames.filter({ $0 == name }).count == 1 else {
                throw Refusal(reason: "two groups have one name")
            }
            at = end + 1
            number = opened + 1
        } else if take("(?") {
            throw Refusal(reason: "ECMA-262 has no group that begins with (?\(peek().map { String($0) } ?? "")")
        } else {
            at += 1
            number = opened + 1
        }
        if let number {
            opened = number
            output += hasReferences ? "(" : "(?:"
        }
        try disjunction()
        guard take(")") else { throw Refusal(reason: "a ( has no ) after it") }
        output += ")"
        if let number { closed.insert(number) }
        return (isLookaround, number != nil)
    }

    private func isName(_ name: String) -> Bool {
        guard let first = name.unicodeScalars.first, first.properties.isXIDStart || first == "_" || first == "$" else {
            return false
        }
        return name.unicodeScalars.allSatisfy { $0.properties.isXIDContinue || $0 == "$" }
    }

    /// The length of a `{n}`, `{n,}` or `{n,m}` at the current place.
    private func quantifierLength() -> Int? {
        var index = at + 1
        let digits = { (index: inout Int) -> Bool in
            let first = index
            while index < source.count, ("0"..."9").contains(source[index]) { index += 1 }
            return index > first
        }
        guard digits(&index) else { return nil }
        if index < source.count, source[index] == "," {
            index += 1
            _ = digits(&index)
        }
        guard index < source.count, source[index] == "}" else { return nil }
        return index + 1 - at
    }

    private mutating func quantifier(allowed: Bool, inside: Range<Int>) throws(Refusal) {
        guard let next = peek() else { return }
        let length: Int
        switch next {
        case "*", "+", "?": length = 1
        case "{":
            guard let found = quantifierLength() else { return }
            length = found
        default: return
        }
        guard allowed else { throw Refusal(reason: "what stands before a \(next) cannot be repeated") }
        for scalar in source[at..<(at + length)] { output.unicodeScalars.append(scalar) }
        at += length
        if next != "?" { repeatedGroups.formUnion(inside) }
        if peek() == "?" {
            output += "?"
            at += 1
        }
    }
}
