/// Whether bytes are UTF-8 (RFC 3629), and where they cease to be.
enum UTF8Check {
    /// Where the first sequence begins that is not UTF-8, whole or cut off; `nil`: there is none.
    static func firstInvalidByte(in bytes: [UInt8]) -> Int? {
        bytes.withUnsafeBytes { bytes in
            var at = 0
            while at < bytes.count {
                // Most text is ASCII: eight bytes at a time.
                while at + 8 <= bytes.count,
                    bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self) & 0x8080_8080_8080_8080 == 0
                {
                    at += 8
                }
                guard at < bytes.count else { return nil }
                guard let length = length(of: bytes[at...].prefix(4)) else { return at }
                at += length
            }
            return nil
        }
    }

    /// Whether bytes that begin no whole sequence are the beginning of one that the text's end cut off.
    static func isCut(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard (1...3).contains(bytes.count) else { return false }
        // A sequence that is right so far can be completed with some continuation bytes.
        return (1...3).contains { missing in
            [0x80, 0xBF].contains { filler in
                length(of: bytes + Array(repeating: filler, count: missing)) == bytes.count + missing
            }
        }
    }

    /// The length of the sequence that `bytes` begin with; `nil`: it is none.
    private static func length(of bytes: some Collection<UInt8>) -> Int? {
        var parser = Unicode.UTF8.ForwardParser()
        var iterator = bytes.makeIterator()
        guard case .valid(let scalar) = parser.parseScalar(from: &iterator) else { return nil }
        return scalar.count
    }
}
