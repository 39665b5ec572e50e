/// One node of the tree: what kind of value, where it stands in the text, how long it is.
///
/// A scalar or a key takes one word: kind (3 bits), flag (1), start (30), length (30).
/// An array or object takes two: kind, flag, start, and the number of its elements or members; then ``JSONSpan``.
/// Children follow their container; a member is its key's word and then its value's.
@usableFromInline
package struct JSONWord: BitwiseCopyable {
    @usableFromInline package let bits: UInt64

    /// Kinds as they are kept; containers have the highest numbers.
    @usableFromInline
    package enum Tag {
        @usableFromInline package static let null: UInt8 = 0
        @usableFromInline package static let `false`: UInt8 = 1
        @usableFromInline package static let `true`: UInt8 = 2
        @usableFromInline package static let number: UInt8 = 3
        @usableFromInline package static let string: UInt8 = 4
        @usableFromInline package static let array: UInt8 = 5
        @usableFromInline package static let object: UInt8 = 6
    }

    /// The largest text: offsets have 30 bits.
    static let maximumTextSize = (1 << 30) - 1

    @inlinable
    package init(bits: UInt64) { self.bits = bits }

    @inlinable
    package init(tag: UInt8, flag: Bool, start: Int, length: Int) {
        bits =
            UInt64(truncatingIfNeeded: tag) | (flag ? 8 : 0) | UInt64(truncatingIfNeeded: start) << 4
            | UInt64(truncatingIfNeeded: length) << 34
    }

    @inlinable package var tag: UInt8 { UInt8(truncatingIfNeeded: bits & 7) }
    /// Of a string: it holds escapes. Of a number: it is digits only, with or without a minus.
    @inlinable package var flag: Bool { bits & 8 != 0 }
    @inlinable package var start: Int { Int(truncatingIfNeeded: (bits >> 4) & 0x3FFF_FFFF) }
    /// Bytes of a scalar, quotes included.
    @inlinable package var length: Int { Int(truncatingIfNeeded: bits >> 34) }
    /// Elements of an array, members of an object.
    @inlinable package var count: Int { Int(truncatingIfNeeded: bits >> 34) }
    @inlinable package var isContainer: Bool { tag >= Tag.array }
}

/// The second word of an array or object: where its subtree ends among the nodes, and where it ends in the text.
@usableFromInline
package struct JSONSpan: BitwiseCopyable {
    @usableFromInline package let bits: UInt64

    @inlinable
    package init(bits: UInt64) { self.bits = bits }

    @inlinable
    package init(next: Int, end: Int) {
        bits = UInt64(truncatingIfNeeded: next) | UInt64(truncatingIfNeeded: end) << 32
    }

    @inlinable package var next: Int { Int(truncatingIfNeeded: bits & 0xFFFF_FFFF) }
    @inlinable package var end: Int { Int(truncatingIfNeeded: bits >> 32) }
}

/// A document's bytes and nodes as bare pointers, for code that has made sure that the document outlives it.
@usableFromInline
package struct JSONTree: BitwiseCopyable {
    @usableFromInline package let text: UnsafePointer<UInt8>
    @usableFromInline package let words: UnsafePointer<UInt64>

    @inlinable
    package init(text: UnsafePointer<UInt8>, words: UnsafePointer<UInt64>) {
        self.text = text
        self.words = words
    }

    @inlinable package func word(_ node: Int) -> JSONWord { JSONWord(bits: words[node]) }
    @inlinable package func span(_ node: Int) -> JSONSpan { JSONSpan(bits: words[node + 1]) }

    /// The node after the subtree of `node`.
    @inlinable
    package func next(after node: Int) -> Int {
        word(node).isContainer ? span(node).next : node + 1
    }

    /// The first child of a container: an element, or the key of a member.
    @inlinable package func firstChild(of node: Int) -> Int { node + 2 }

    /// Where the value stands in the text.
    @inlinable
    package func byteRange(_ node: Int) -> Range<Int> {
        let word = word(node)
        return word.start..<(word.isContainer ? span(node).end : word.start + word.length)
    }
}

extension JSONTree {
    /// The value of a plain number of up to 18 bytes.
    @inlinable
    package func smallInteger(_ word: JSONWord) -> Int {
        var at = word.start
        let end = at + word.length
        let isNegative = text[at] == UInt8(ascii: "-")
        if isNegative { at += 1 }
        var value = 0
        while at < end {
            value = value &* 10 &+ Int(text[at] &- UInt8(ascii: "0"))
            at += 1
        }
        return isNegative ? -value : value
    }

    /// The canonical form of the value at `node`.
    package func canonicalBytes(_ node: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        var writer = CanonicalWriter(self)
        let sink = { (chunk: UnsafeRawBufferPointer) in bytes.append(contentsOf: chunk) }
        writer.write(node, sink)
        writer.flush(sink)
        return bytes
    }
}

/// `memcmp` for the short runs that keys are.
@inlinable
@inline(__always)
package func sameBytes(_ left: UnsafePointer<UInt8>, _ right: UnsafePointer<UInt8>, _ count: Int) -> Bool {
    let (left, right) = (UnsafeRawPointer(left), UnsafeRawPointer(right))
    if count >= 8 {
        var index = 0
        while index + 8 <= count {
            if left.loadUnaligned(fromByteOffset: index, as: UInt64.self)
                != right.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            {
                return false
            }
            index += 8
        }
        return left.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self)
            == right.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self)
    }
    if count >= 4 {
        return left.loadUnaligned(as: UInt32.self) == right.loadUnaligned(as: UInt32.self)
            && left.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self)
                == right.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self)
    }
    for index in 0..<count
    where left.load(fromByteOffset: index, as: UInt8.self) != right.load(fromByteOffset: index, as: UInt8.self) {
        return false
    }
    return true
}
