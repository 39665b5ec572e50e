/// A text of somebody who was sent a document and may quote it: an answer of the API, in which values are found and hidden.
///
/// Values are found as they are and as JSON escapes them, without regard to the case of ASCII letters. One of fewer than
/// four bytes counts only where it stands by itself: a `1` in `INV-1003` is nobody's. Where a text may have been longer,
/// four bytes of a value at its end are taken for its beginning.
package struct QuotingText: Sendable {
    /// What stands for a value that is not shown, however long it is.
    package static let mask = "•••"
    /// What is shorter has to stand by itself.
    private static let shortest = 4
    private static let few = 200

    private var text: [UInt8]
    /// Whether more may have stood behind the text.
    private let mayGoOn: Bool
    /// The text without its escapes, in lower case.
    private var plain: [UInt8] = []
    /// Where each byte of ``plain`` comes from, and the text's end.
    private var origins: [Int32] = []
    /// Made for many values; for a few the text is looked through.
    private var index: GramIndex?
    private var asked = 0
    /// In places of ``plain``.
    private var hidden: Set<Range<Int>> = []

    /// - Parameter mayGoOn: whether the text may be the beginning of a longer one, in which it ends within a value.
    package init(_ text: [UInt8], mayGoOn: Bool = false) {
        self.text = text
        self.mayGoOn = mayGoOn
        read()
    }

    /// Hides a value wherever the text has it.
    package mutating func hide(_ value: some Sequence<UInt8>) {
        guard !plain.isEmpty else { return }
        let value = value.map(QuotingText.lowered)
        guard !value.isEmpty else { return }
        if mayGoOn { hideBeginning(of: value) }
        guard value.count <= plain.count else { return }
        asked += 1
        if asked == QuotingText.few { index = GramIndex(plain) }
        if let index {
            index.forEachPlace(of: value) { hide($0, if: value) }
        } else {
            for start in 0...plain.count - value.count where plain[start] == value[0] { hide(start, if: value) }
        }
    }

    private mutating func hide(_ start: Int, if value: [UInt8]) {
        let range = start..<start + value.count
        guard range.upperBound <= plain.count, plain[range].elementsEqual(value),
            value.count >= QuotingText.shortest || standsAlone(range)
        else { return }
        hidden.insert(range)
    }

    /// Hides what the text ends with, where a value begins so.
    private mutating func hideBeginning(of value: [UInt8]) {
        let longest = min(value.count - 1, plain.count)
        guard longest >= QuotingText.shortest else { return }
        for start in plain.count - longest...plain.count - QuotingText.shortest where plain[start] == value[0] {
            guard value.starts(with: plain[start...]) else { continue }
            hidden.insert(start..<plain.count)
            return
        }
    }

    /// The text with ``mask`` in place of what is hidden.
    package var bytes: [UInt8] {
        guard !hidden.isEmpty else { return text }
        var bytes: [UInt8] = []
        var end = 0
        for range in apart() {
            bytes += text[end..<Int(origins[range.lowerBound])]
            bytes += QuotingText.mask.utf8
            end = Int(origins[range.upperBound])
        }
        return bytes + text[end...]
    }

    /// What is hidden, in order; values that share a part of the text are one.
    private func apart() -> [Range<Int>] {
        var apart: [Range<Int>] = []
        for range in hidden.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = apart.last, range.lowerBound < last.upperBound {
                apart[apart.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
            } else {
                apart.append(range)
            }
        }
        return apart
    }

    private func standsAlone(_ range: Range<Int>) -> Bool {
        let isInside = { (place: Int) in
            plain.indices.contains(place) && (plain[place] >= 0x80 || QuotingText.isAlphanumeric(plain[place]))
        }
        return !isInside(range.lowerBound - 1) && !isInside(range.upperBound)
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }

    private static func lowered(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte | 0x20 : byte }

    // MARK: Escapes

    private mutating func read() {
        plain.reserveCapacity(text.count)
        origins.reserveCapacity(text.count + 1)
        var place = 0
        while place < text.count {
            if mayGoOn, isBrokenOff(at: place) {
                text.removeLast(text.count - place)
                break
            }
            let (bytes, length) = text[place] == UInt8(ascii: "\\") ? escape(at: place) : ([text[place]], 1)
            for byte in bytes {
                plain.append(QuotingText.lowered(byte))
                origins.append(Int32(place))
            }
            place += length
        }
        origins.append(Int32(text.count))
    }

    /// What an escape stands for, and how long it is; what is none stands for itself.
    private func escape(at place: Int) -> (bytes: [UInt8], length: Int) {
        guard place + 1 < text.count else { return ([text[place]], 1) }
        switch text[place + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return ([text[place + 1]], 2)
        case UInt8(ascii: "n"): return ([0x0A], 2)
        case UInt8(ascii: "r"): return ([0x0D], 2)
        case UInt8(ascii: "t"): return ([0x09], 2)
        case UInt8(ascii: "b"): return ([0x08], 2)
        case UInt8(ascii: "f"): return ([0x0C], 2)
        case UInt8(ascii: "u"):
            guard let first = unit(at: place) else { break }
            if let scalar = Unicode.Scalar(first) { return (Array(String(scalar).utf8), 6) }
            guard let second = unit(at: place + 6), UTF16.isLeadSurrogate(first), UTF16.isTrailSurrogate(second)
            else { break }
            let character = String(decoding: [first, second], as: UTF16.self)
            return (Array(character.utf8), 12)
        default: break
        }
        return ([text[place]], 1)
    }

    /// Whether the text ends within an escape that begins here.
    private func isBrokenOff(at place: Int) -> Bool {
        guard text[place] == UInt8(ascii: "\\"), text.count - place < 12 else { return false }
        guard place + 1 < text.count else { return true }
        guard text[place + 1] == UInt8(ascii: "u") else { return false }
        return text.count - place < 6 || unit(at: place).map { UTF16.isLeadSurrogate($0) } ?? false
    }

    /// The four hexadecimal digits of a `\u`.
    private func unit(at place: Int) -> UInt16? {
        guard place + 6 <= text.count, text[place] == UInt8(ascii: "\\"), text[place + 1] == UInt8(ascii: "u") else {
            return nil
        }
        return UInt16(String(decoding: text[place + 2..<place + 6], as: UTF8.self), radix: 16)
    }
}

/// Where the first bytes of a value stand in a text.
private struct GramIndex: Sendable {
    private static let longest = 4

    /// By the number of bytes: the last place of each, and before each place the one before; -1: there is none.
    private var lasts: [[UInt32: Int32]] = []
    private var before: [[Int32]] = []

    init(_ text: [UInt8]) {
        for length in 1...GramIndex.longest {
            var last: [UInt32: Int32] = [:]
            var chain: [Int32] = []
            for start in 0..<max(0, text.count - length + 1) {
                let gram = GramIndex.gram(text[start..<start + length])
                chain.append(last[gram] ?? -1)
                last[gram] = Int32(start)
            }
            lasts.append(last)
            before.append(chain)
        }
    }

    func forEachPlace(of value: [UInt8], _ body: (Int) -> Void) {
        let length = min(value.count, GramIndex.longest)
        var place = lasts[length - 1][GramIndex.gram(value[..<length])] ?? -1
        while place >= 0 {
            body(Int(place))
            place = before[length - 1][Int(place)]
        }
    }

    private static func gram(_ bytes: ArraySlice<UInt8>) -> UInt32 { bytes.reduce(0) { $0 << 8 | UInt32($1) } }
}
