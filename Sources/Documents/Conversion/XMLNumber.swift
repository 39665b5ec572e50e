/// Numbers as elements have them.
enum XMLNumber {
    /// The text as JSON writes numbers (RFC 8259, section 6), digit for digit, without a plus; `nil`: it is none.
    static func json(_ text: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8>? {
        var rest = text[...]
        func digits() -> Int {
            let count = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }.count
            rest = rest.dropFirst(count)
            return count
        }
        let hasPlus = rest.first == UInt8(ascii: "+")
        if hasPlus || rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
        let startsWithZero = rest.first == UInt8(ascii: "0")
        let whole = digits()
        guard whole > 0, !startsWithZero || whole == 1 else { return nil }
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            guard digits() > 0 else { return nil }
        }
        if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
            rest = rest.dropFirst()
            if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
            guard (1...18).contains(digits()) else { return nil }
        }
        return rest.isEmpty ? UnsafeBufferPointer(rebasing: text[(hasPlus ? 1 : 0)...]) : nil
    }
}
