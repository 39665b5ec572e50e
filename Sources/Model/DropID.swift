/// A drop's identifier: a ULID (26 characters of Crockford's base 32, the first ten from the time), so that
/// identifiers sort by when their drops were claimed.
package struct DropID: Hashable, Sendable, CustomStringConvertible {
    package let text: String

    /// An identifier read back from the ledger.
    package init(text: String) {
        self.text = text
    }

    /// A new identifier: 48 bits of time, 80 of chance.
    package init(at time: Timestamp, using generator: inout some RandomNumberGenerator) {
        let high = UInt64(bitPattern: time.milliseconds) << 16 | UInt64.random(in: 0...0xFFFF, using: &generator)
        let low = UInt64.random(in: .min ... .max, using: &generator)
        let value = UInt128(high) << 64 | UInt128(low)
        text = String(unsafeUninitializedCapacity: 26) { bytes in
            for index in 0..<26 {
                bytes[index] = DropID.digits[Int(truncatingIfNeeded: (value >> (5 * (25 - index))) & 31)]
            }
            return 26
        }
    }

    /// When its drop was claimed; `nil` for a text that is no identifier.
    package var time: Timestamp? {
        var value: UInt64 = 0
        for digit in text.utf8.prefix(10) {
            guard let bits = DropID.digits.firstIndex(of: digit) else { return nil }
            value = value << 5 | UInt64(bits)
        }
        return text.utf8.count == 26 ? Timestamp(milliseconds: Int64(value)) : nil
    }

    private static let digits = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)

    package var description: String { text }
}
