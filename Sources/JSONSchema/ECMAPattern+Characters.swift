extension ECMAPattern {
    mutating func literal(_ scalar: Unicode.Scalar) {
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
    mutating func escape() throws(Refusal) -> Bool {
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
            guard let index = groupNames.firstIndex(of: name) else {
                throw Refusal(reason: "no group has the name \(name)")
            }
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
            guard unit & 0xFC00 == 0xD800, peek() == "\\", peek(1) == "u", peek(2) != "{" else {
                return try scalar(unit)
            }
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
        guard let scalar = Unicode.Scalar(value) else {
            throw Refusal(reason: "half of a surrogate pair matches nothing")
        }
        return scalar
    }

    // MARK: Classes

    mutating func characterClass() throws(Refusal) {
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
            guard let first, let last else {
                throw Refusal(reason: "a range in a class needs a character at both ends")
            }
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
