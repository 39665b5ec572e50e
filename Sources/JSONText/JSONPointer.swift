/// A place in a document (RFC 6901).
public struct JSONPointer: Sendable, Hashable, CustomStringConvertible {
    /// Keys and indices, without escapes.
    public var tokens: [String]

    /// The pointer to the whole document, or one of these tokens.
    public init(tokens: [String] = []) {
        self.tokens = tokens
    }

    /// Reads a pointer such as `/accounts/3/a~1b`; `nil` if `text` is none.
    public init?(_ text: some StringProtocol) {
        guard !text.isEmpty else {
            self.init()
            return
        }
        guard text.utf8.first == UInt8(ascii: "/") else { return nil }
        var tokens: [String] = []
        // By bytes: a slash and a combining mark behind it are one Character.
        for part in text.utf8.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            var token: [UInt8] = []
            var escaped = false
            for byte in part {
                switch (escaped, byte) {
                case (false, UInt8(ascii: "~")): escaped = true
                case (false, _): token.append(byte)
                case (true, UInt8(ascii: "0")): (escaped, token) = (false, token + [UInt8(ascii: "~")])
                case (true, UInt8(ascii: "1")): (escaped, token) = (false, token + [UInt8(ascii: "/")])
                case (true, _): return nil
                }
            }
            guard !escaped else { return nil }
            tokens.append(String(decoding: token, as: UTF8.self))
        }
        self.init(tokens: tokens)
    }

    /// Goes on to the member `key`.
    public mutating func append(_ key: String) { tokens.append(key) }
    /// Goes on to the element `index`.
    public mutating func append(_ index: Int) { tokens.append(String(index)) }

    /// The pointer to the member `key` of what this one points to.
    public func appending(_ key: String) -> JSONPointer { JSONPointer(tokens: tokens + [key]) }

    /// The pointer to the element `index` of what this one points to.
    public func appending(_ index: Int) -> JSONPointer { appending(String(index)) }

    /// The pointer as RFC 6901 writes it.
    public var description: String {
        tokens.map { "/" + Self.escape($0) }.joined()
    }

    /// A token as it is written in a pointer: `~` as `~0`, `/` as `~1`.
    public static func escape(_ token: String) -> String {
        guard token.utf8.contains(where: { $0 == UInt8(ascii: "~") || $0 == UInt8(ascii: "/") }) else { return token }
        var result: [UInt8] = []
        for byte in token.utf8 {
            switch byte {
            case UInt8(ascii: "~"): result += [byte, UInt8(ascii: "0")]
            case UInt8(ascii: "/"): result += [UInt8(ascii: "~"), UInt8(ascii: "1")]
            default: result.append(byte)
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// A token as an index of an array: digits without a superfluous zero.
    static func index(_ token: String) -> Int? {
        guard token == "0" || token.utf8.first != UInt8(ascii: "0"), token.utf8.allSatisfy(isDigit) else { return nil }
        return Int(token)
    }
}
