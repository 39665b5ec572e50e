/// Writes JSON whose members stand in the order in which they are given, as people want to read them.
///
/// ```swift
/// var json = JSONWriter()
/// json.object { $0.member("version", 1); $0.member("name", "orders.json") }
/// ```
package struct JSONWriter: Sendable {
    package private(set) var text = ""
    private let indented: Bool
    private var depth = 0
    private var isFirst = true

    /// - Parameter indented: two spaces a level and a line a member; otherwise one line.
    package init(indented: Bool = false) {
        self.indented = indented
    }

    package mutating func object(_ body: (inout JSONWriter) throws -> Void) rethrows {
        try nest("{", "}", body)
    }

    package mutating func array(_ body: (inout JSONWriter) throws -> Void) rethrows {
        try nest("[", "]", body)
    }

    package mutating func member(_ key: String, _ value: String?) {
        member(key) { $0.value(value) }
    }

    package mutating func member(_ key: String, _ value: some BinaryInteger) {
        member(key) { $0.text += String(value) }
    }

    package mutating func member(_ key: String, _ value: Bool) {
        member(key) { $0.text += value ? "true" : "false" }
    }

    /// A member whose value `body` writes.
    package mutating func member(_ key: String, _ body: (inout JSONWriter) throws -> Void) rethrows {
        separate()
        quote(key)
        text += indented ? ": " : ":"
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
        if let value { quote(value) } else { text += "null" }
    }

    package mutating func value(_ value: some BinaryInteger) {
        text += String(value)
    }

    private mutating func nest(
        _ open: String, _ close: String, _ body: (inout JSONWriter) throws -> Void
    ) rethrows {
        text += open
        depth += 1
        let outer = isFirst
        isFirst = true
        try body(&self)
        depth -= 1
        if !isFirst { newLine() }
        isFirst = outer
        text += close
    }

    private mutating func separate() {
        if !isFirst { text += "," }
        isFirst = false
        newLine()
    }

    private mutating func newLine() {
        guard indented else { return }
        text += "\n"
        text += String(repeating: "  ", count: depth)
    }

    private mutating func quote(_ string: String) {
        text += "\""
        defer { text += "\"" }
        if string.utf8.allSatisfy(JSONWriter.isPlain) {
            text += string
            return
        }
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            // Whoever shows the text in a terminal is shown nothing else.
            case _ where scalar.isUnsafeToShow:
                for unit in UTF16.encode(scalar)! {
                    let hex = String(unit, radix: 16)
                    text += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
                }
            default: text.unicodeScalars.append(scalar)
            }
        }
    }

    /// A byte that stands for itself, and alone.
    private static func isPlain(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte < 0x7F && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }
}
