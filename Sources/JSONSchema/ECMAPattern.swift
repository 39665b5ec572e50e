/// Translates a regular expression of ECMA-262 (with its `u` flag, as JSON Schema recommends) into one that PCRE2 reads
/// with the same meaning, or says why there is none.
///
/// What it has to see to: `\d \w \s .` and `$` mean other things in PCRE2, `[]` and `[^]` are no classes there, `\uXXXX`
/// and long property names are unknown, and PCRE2 has much syntax of its own that ECMA-262 reads otherwise or not at all.
/// Where no back reference needs them, groups do not capture.
struct ECMAPattern {
    struct Refusal: Error { let reason: String }

    private let source: [Unicode.Scalar]
    private var at = 0
    private var output = ""
    private var depth = 0
    /// Groups that capture, by number from 1, as a first look at the source found them.
    private var groupNames: [String?] = []
    private var hasReferences = false
    /// The number of the last group that was opened, and the groups that were closed.
    private var opened = 0
    private var closed: Set<Int> = []
    private var references: [Int] = []
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

    private func peek(_ offset: Int = 0) -> Unicode.Scalar? {
        at + offset < source.count ? source[at + offset] : nil
    }

    private mutating func take(_ text: String) -> Bool {
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
            guard let end = source[at...].firstIndex(of: ">") else { throw Refusal(reason: "a group's name has no end") }
            let name = String(String.UnicodeScalarView(source[at..<end]))
            guard isName(name) else { throw Refusal(reason: "a group's name is none") }
            guard groupNames.filter({ $0 == name }).count == 1 else { throw Refusal(reason: "two groups have one name") }
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

    // MARK: Characters

    private mutating func literal(_ scalar: Unicode.Scalar) {
        output += Self.spelled(scalar)
    }

    /// A character that stands for itself, inside a class or outside of one.
    private static func spelled(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", "_": String(scalar)
        default: "\\x{" + String(scalar.value, radix: 16) + "}"
        }
    }

    private static let spaces =
        "\\t\\n\\x{b}\\f\\r \\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}\\x{feff}"
    private static let otherThanSpaces =
        "\\x{0}-\\x{8}\\x{e}-\\x{1f}\\x{21}-\\x{9f}\\x{a1}-\\x{167f}\\x{1681}-\\x{1fff}\\x{200b}-\\x{2027}\\x{202a}-\\x{202e}"
        + "\\x{2030}-\\x{205e}\\x{2060}-\\x{2fff}\\x{3001}-\\x{fefe}\\x{ff00}-\\x{10ffff}"

    /// `\d`, `\p{…}` and the like at the current place (after the backslash), as the inside of a class.
    private mutating func set() throws(Refusal) -> String? {
        guard let letter = peek() else { return nil }
        switch letter {
        case "d": at += 1; return "0-9"
        case "D": at += 1; return "\\x{0}-\\x{2f}\\x{3a}-\\x{10ffff}"
        case "w": at += 1; return "A-Za-z0-9_"
        case "W": at += 1; return "\\x{0}-\\x{2f}\\x{3a}-\\x{40}\\x{5b}-\\x{5e}\\x{60}\\x{7b}-\\x{10ffff}"
        case "s": at += 1; return Self.spaces
        case "S": at += 1; return Self.otherThanSpaces
        case "p", "P":
            guard peek(1) == "{", let end = source[at...].firstIndex(of: "}") else {
                throw Refusal(reason: "\\\(letter) needs a property in braces")
            }
            let name = String(String.UnicodeScalarView(source[(at + 2)..<end]))
            at = end + 1
            return "\\\(letter){" + (try UnicodeProperty.name(inPCRE2: name)) + "}"
        default: return nil
        }
    }

    /// An escape outside of a class; returns whether it may be repeated.
    private mutating func escape() throws(Refusal) -> Bool {
        at += 1
        guard let letter = peek() else { throw Refusal(reason: "it ends with a backslash") }
        if let set = try set() {
            output += "[" + set + "]"
            return true
        }
        switch letter {
        case "b", "B":
            at += 1
            output += "\\" + String(letter)
            return false
        case "1"..."9":
            var number = 0
            while let digit = peek(), ("0"..."9").contains(digit), number < 1000 {
                number = number * 10 + Int(digit.value - 48)
                at += 1
            }
            try reference(number)
        case "k":
            guard peek(1) == "<", let end = source[at...].firstIndex(of: ">") else {
                throw Refusal(reason: "\\k needs a name in angle brackets")
            }
            let name = String(String.UnicodeScalarView(source[(at + 2)..<end]))
            at = end + 1
            guard let index = groupNames.firstIndex(of: name) else { throw Refusal(reason: "no group has the name \(name)") }
            try reference(index + 1)
        default: literal(try escapedCharacter())
        }
        return true
    }

    private mutating func reference(_ number: Int) throws(Refusal) {
        guard number <= groupNames.count else { throw Refusal(reason: "there is no group \(number)") }
        guard closed.contains(number) else {
            throw Refusal(reason: "a back reference before the end of its group means something else in PCRE2")
        }
        references.append(number)
        output += "\\g{\(number)}"
    }

    /// The one character that an escape stands for; the backslash is behind.
    private mutating func escapedCharacter() throws(Refusal) -> Unicode.Scalar {
        let letter = source[at]
        at += 1
        switch letter {
        case "t": return "\t"
        case "n": return "\n"
        case "v": return "\u{B}"
        case "f": return "\u{C}"
        case "r": return "\r"
        case "0":
            if let next = peek(), ("0"..."9").contains(next) { throw Refusal(reason: "octal escapes are not allowed") }
            return "\0"
        case "c":
            guard let control = peek(), ("a"..."z").contains(control) || ("A"..."Z").contains(control) else {
                throw Refusal(reason: "\\c needs a letter")
            }
            at += 1
            return Unicode.Scalar(UInt8(control.value & 31))
        case "x": return try scalar(try hexadecimal(2))
        case "u":
            if take("{") {
                guard let end = source[at...].firstIndex(of: "}"),
                    let value = UInt32(String(String.UnicodeScalarView(source[at..<end])), radix: 16)
                else { throw Refusal(reason: "\\u{ needs hexadecimal digits and a }") }
                at = end + 1
                return try scalar(value)
            }
            let unit = try hexadecimal(4)
            guard unit & 0xFC00 == 0xD800, peek() == "\\", peek(1) == "u", peek(2) != "{" else { return try scalar(unit) }
            at += 2
            let other = try hexadecimal(4)
            guard other & 0xFC00 == 0xDC00 else { throw Refusal(reason: "half of a surrogate pair matches nothing") }
            return try scalar(0x10000 + ((unit & 0x3FF) << 10 | other & 0x3FF))
        case _ where letter.value >= 0x80 || letter.properties.isAlphabetic || letter == "_":
            throw Refusal(reason: "ECMA-262 has no escape \\\(letter)")
        default: return letter
        }
    }

    private mutating func hexadecimal(_ count: Int) throws(Refusal) -> UInt32 {
        guard at + count <= source.count, source[at..<(at + count)].allSatisfy({ $0.properties.isASCIIHexDigit }),
            let value = UInt32(String(String.UnicodeScalarView(source[at..<(at + count)])), radix: 16)
        else { throw Refusal(reason: "an escape needs \(count) hexadecimal digits") }
        at += count
        return value
    }

    private func scalar(_ value: UInt32) throws(Refusal) -> Unicode.Scalar {
        guard let scalar = Unicode.Scalar(value) else { throw Refusal(reason: "half of a surrogate pair matches nothing") }
        return scalar
    }

    // MARK: Classes

    private mutating func characterClass() throws(Refusal) {
        at += 1
        let isNegated = take("^")
        if take("]") {
            output += isNegated ? "(?s:.)" : "(?!)"
            return
        }
        output += isNegated ? "[^" : "["
        while !take("]") {
            guard let (text, first) = try classAtom() else { throw Refusal(reason: "a [ has no ] after it") }
            guard peek() == "-", let after = peek(1), after != "]" else {
                output += text
                continue
            }
            at += 1
            guard let (endText, last) = try classAtom() else { throw Refusal(reason: "a [ has no ] after it") }
            guard let first, let last else { throw Refusal(reason: "a range in a class needs a character at both ends") }
            guard first <= last else { throw Refusal(reason: "a range in a class runs backwards") }
            output += text + "-" + endText
        }
        output += "]"
    }

    /// A member of a class as PCRE2 writes it, with the character where it is a single one.
    private mutating func classAtom() throws(Refusal) -> (text: String, scalar: Unicode.Scalar?)? {
        guard let next = peek() else { return nil }
        at += 1
        guard next == "\\" else { return (Self.spelled(next), next) }
        guard let letter = peek() else { throw Refusal(reason: "it ends with a backslash") }
        if let set = try set() { return (set, nil) }
        if letter == "b" {
            at += 1
            return (Self.spelled("\u{8}"), "\u{8}")
        }
        let scalar = try escapedCharacter()
        return (Self.spelled(scalar), scalar)
    }
}
