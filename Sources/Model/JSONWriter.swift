/// Writes JSON whose members stand in the order in which they are given, as people want to read them.
///
/// ```swift
/// var json = JSONWriter()
/// json.object { $0.member("version", 1); $0.member("name", "orders.json") }
/// ```
package struct JSONWriter: Sendable {
    /// What is written so far, in UTF-8.
    package private(set) var bytes: [UInt8] = []
    private let indented: Bool
    private var depth = 0
    private var isFirst = true

    /// - Parameter indented: two spaces a level and a line a member; otherwise one line.
    package init(indented: Bool = false) {
        self.indented = indented
    }

    package var text: String { String(decoding: bytes, as: UTF8.self) }

    /// Hands over what is written so far, and goes on behind it: a long array need not be held.
    package mutating func take() -> [UInt8] {
        defer { bytes.removeAll(keepingCapacity: true) }
        return bytes
    }

    package mutating func object(_ body: (inout JSONWriter) throws -> Void) rethrows {
        try nest(UInt8(ascii: "{"), UInt8(ascii: "}"), body)
    }

    package mutating func array(_ body: (inout JSONWriter) throws -> Void) rethrows {
        try nest(UInt8(ascii: "["), UInt8(ascii: "]"), body)
    }

    package mutating func member(_ key: String, _ value: String?) {
        member(key) { $0.value(value) }
    }

    package mutating func member(_ key: String, _ value: some BinaryInteger) {
        member(key) { $0.value(value) }
    }

    package mutating func member(_ key: String, _ value: Bool) {
        member(key) { $0.bytes += (value ? "true" : "false").utf8 }
    }

    /// A member whose value `body` writes.
    package mutating func member(_ key: String, _ body: (inout JSONWriter) throws -> Void) rethrows {
        separate()
        quote(key)
        bytes.append(UInt8(ascii: ":"))
        if indented { bytes.append(UInt8(ascii: " ")) }
        try body(&self)
    }

    /// A member whose value `write` writes; `null` where there is none.
    package mutating func member<Value>(
        _ key: String, _ value: Value?, _ write: (Value, inout JSONWriter) throws -> Void
    ) rethrows {
        try member(key) { json in
            if let value { try write(value, &json) } else { json.value(String?.none) }
        }
    }

    /// An array's element, which `body` writes.
    package mutating func element(_ body: (inout JSONWriter) throws -> Void) rethrows {
        separate()
        try body(&self)
    }

    /// A bare value: `null` for `nil`.
    package mutating func value(_ value: String?) {
        if let value { quote(value) } else { bytes += "null".utf8 }
    }

    package mutating func value(_ value: some BinaryInteger) {
        bytes += String(value).utf8
    }

    private mutating func nest(
        _ open: UInt8, _ close: UInt8, _ body: (inout JSONWriter) throws -> Void
    ) rethrows {
        bytes.append(open)
        depth += 1
        let outer = isFirst
        isFirst = true
        try body(&self)
        depth -= 1
        if !isFirst { newLine() }
        isFirst = outer
        bytes.append(close)
    }

    private mutating func separate() {
        if !isFirst { bytes.append(UInt8(ascii: ",")) }
        isFirst = false
        newLine()
    }

    private mutating func newLine() {
        guard indented else { return }
        bytes.append(UInt8(ascii: "\n"))
        for _ in 0..<(2 * depth) { bytes.append(UInt8(ascii: " ")) }
    }

    private mutating func quote(_ string: String) {
        bytes.append(UInt8(ascii: "\""))
        defer { bytes.append(UInt8(ascii: "\"")) }
        var string = string
        let isPlain = string.withUTF8 { text in
            guard text.allSatisfy(JSONWriter.isPlain) else { return false }
            bytes.append(contentsOf: text)
            return true
        }
        if isPlain { return }
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": bytes += #"\""#.utf8
            case "\\": bytes += #"\\"#.utf8
            case "\n": bytes += #"\n"#.utf8
            case "\r": bytes += #"\r"#.utf8
            case "\t": bytes += #"\t"#.utf8
            // Whoever shows the text in a terminal is shown nothing else.
            case _ where scalar.isUnsafeToShow:
                for unit in UTF16.encode(scalar)! {
                    let hex = String(unit, radix: 16)
                    bytes += (#"\u"# + String(repeating: "0", count: 4 - hex.count) + hex).utf8
                }
            default: bytes += UTF8.encode(scalar)!
            }
        }
    }

    /// A byte that stands for itself, and alone.
    private static func isPlain(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte < 0x7F && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }
}
