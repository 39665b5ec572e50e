import TestSupport
/// A JSON value as data, to be spelled in many ways.
indirect enum RandomJSON: Equatable {
    case null
    case bool(Bool)
    /// Digits without leading or trailing zeros, and the power of ten they are multiplied by; no digits for 0.
    case number(isNegative: Bool, digits: String, exponent: Int)
    case string([Unicode.Scalar])
    case array([RandomJSON])
    case object([Member])

    struct Member: Equatable {
        var key: [Unicode.Scalar]
        var value: RandomJSON
    }

    static func make(depth: Int, using generator: inout SeededGenerator) -> RandomJSON {
        switch Int.random(in: 0..<(depth > 0 ? 8 : 5), using: &generator) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &generator))
        case 2, 3: return number(using: &generator)
        case 4: return .string(scalars(using: &generator))
        case 5:
            let count = Int.random(in: 0...5, using: &generator)
            return .array((0..<count).map { _ in make(depth: depth - 1, using: &generator) })
        default:
            var keys: [[Unicode.Scalar]] = []
            for _ in 0..<(generator.chance(5) ? 40 : Int.random(in: 0...6, using: &generator)) {
                let key = scalars(using: &generator)
                if !keys.contains(key) { keys.append(key) }
            }
            return .object(keys.map { Member(key: $0, value: make(depth: depth - 1, using: &generator)) })
        }
    }

    private static func number(using generator: inout SeededGenerator) -> RandomJSON {
        if generator.chance(10) { return .number(isNegative: false, digits: "", exponent: 0) }
        var digits = ""
        for _ in 0..<Int.random(in: 1...(generator.chance(20) ? 45 : 8), using: &generator) {
            digits += String(Int.random(in: 0...9, using: &generator))
        }
        while digits.hasPrefix("0") { digits.removeFirst() }
        while digits.hasSuffix("0") { digits.removeLast() }
        if digits.isEmpty { digits = "7" }
        let exponent =
            generator.chance(5)
            ? Int.random(in: -999_999_999...999_999_999, using: &generator)
            : Int.random(in: -30...30, using: &generator)
        return .number(isNegative: generator.chance(30), digits: digits, exponent: exponent)
    }

    private static func scalars(using generator: inout SeededGenerator) -> [Unicode.Scalar] {
        let interesting: [Unicode.Scalar] = [
            "\0", "\n", "\"", "\\", "/", "\u{1F}", "\u{7F}", "é", "\u{2028}", "\u{D7FF}", "\u{E000}", "\u{FFFF}",
            "\u{10000}", "\u{1F600}", "\u{10FFFF}",
        ]
        return (0..<Int.random(in: 0...12, using: &generator)).map { _ in
            generator.chance(25)
                ? interesting.randomElement(using: &generator)!
                : Unicode.Scalar(UInt8.random(in: 0x61...0x64, using: &generator))
        }
    }

    // MARK: Spelling

    /// The value in some spelling: any white space, order of keys, escapes, way to write a number.
    func spelled(using generator: inout SeededGenerator) -> String {
        space(&generator) + body(using: &generator) + space(&generator)
    }

    private func body(using generator: inout SeededGenerator) -> String {
        switch self {
        case .null: return "null"
        case .bool(let value): return value ? "true" : "false"
        case .number(let isNegative, let digits, let exponent):
            return Self.spell(isNegative: isNegative, digits: digits, exponent: exponent, using: &generator)
        case .string(let scalars): return Self.spell(scalars, using: &generator)
        case .array(let elements):
            return "[" + elements.map { $0.spelled(using: &generator) }.joined(separator: ",") + space(&generator) + "]"
        case .object(let members):
            let parts = members.shuffled(using: &generator).map { member in
                space(&generator) + Self.spell(member.key, using: &generator) + space(&generator) + ":"
                    + member.value.spelled(using: &generator)
            }
            return "{" + parts.joined(separator: ",") + space(&generator) + "}"
        }
    }

    private func space(_ generator: inout SeededGenerator) -> String {
        guard generator.chance(30) else { return "" }
        return String(
            (0..<Int.random(in: 1...12, using: &generator)).map { _ in
                generator.chance(70) ? " " : ["\t", "\n", "\r"].randomElement(using: &generator)!
            })
    }

    private static func spell(
        isNegative: Bool, digits: String, exponent: Int, using generator: inout SeededGenerator
    ) -> String {
        let sign = isNegative || (digits.isEmpty && generator.chance(30)) ? "-" : ""
        guard !digits.isEmpty else { return sign + ["0", "0.0", "0e5", "0.00E-7"].randomElement(using: &generator)! }
        var digits = digits
        var exponent = exponent
        for _ in 0..<Int.random(in: 0...3, using: &generator) {
            digits += "0"
            exponent -= 1
        }
        // The point after `whole` of the digits, or zeros before them all.
        let whole = Int.random(in: 0...digits.count, using: &generator)
        let left = whole == 0 ? "0" : String(digits.prefix(whole))
        let right = digits.dropFirst(whole)
        exponent += right.count
        let mantissa = right.isEmpty ? left : left + "." + right
        if exponent == 0, generator.chance(80) { return sign + mantissa }
        let letter = Bool.random(using: &generator) ? "e" : "E"
        let plus = exponent >= 0 && Bool.random(using: &generator) ? "+" : ""
        let zero = generator.chance(20) ? "0" : ""
        return sign + mantissa + letter + (exponent < 0 ? "-" : plus) + zero + String(exponent.magnitude)
    }

    private static func spell(_ scalars: [Unicode.Scalar], using generator: inout SeededGenerator) -> String {
        var result = "\""
        for scalar in scalars {
            let short: [Unicode.Scalar: String] = ["\n": "\\n", "\"": "\\\"", "\\": "\\\\", "/": "\\/", "\t": "\\t"]
            let mustEscape = scalar.value < 0x20 || scalar == "\"" || scalar == "\\"
            if let escape = short[scalar], Bool.random(using: &generator) {
                result += escape
            } else if mustEscape || generator.chance(20) {
                for unit in String(scalar).utf16 {
                    let digits = String(unit, radix: 16, uppercase: Bool.random(using: &generator))
                    result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                }
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    // MARK: Change

    /// The same value with one thing in it changed.
    func changed(using generator: inout SeededGenerator) -> RandomJSON {
        switch self {
        case .null: return .bool(false)
        case .bool(let value): return .bool(!value)
        case .number(let isNegative, let digits, let exponent):
            guard !digits.isEmpty else { return .number(isNegative: false, digits: "1", exponent: -40) }
            switch Int.random(in: 0..<3, using: &generator) {
            case 0: return .number(isNegative: !isNegative, digits: digits, exponent: exponent)
            case 1: return .number(isNegative: isNegative, digits: digits, exponent: exponent + 1)
            default: return .number(isNegative: isNegative, digits: digits + "1", exponent: exponent)
            }
        case .string(let scalars): return .string(scalars + ["x"])
        case .array(var elements):
            guard let index = elements.indices.randomElement(using: &generator) else { return .array([.null]) }
            if generator.chance(20) { return .array(elements + [.null]) }
            elements[index] = elements[index].changed(using: &generator)
            return .array(elements)
        case .object(var members):
            guard let index = members.indices.randomElement(using: &generator) else {
                return .object([Member(key: ["x"], value: .null)])
            }
            if generator.chance(20) {
                members.remove(at: index)
            } else {
                members[index].value = members[index].value.changed(using: &generator)
            }
            return .object(members)
        }
    }
}
