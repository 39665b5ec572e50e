import Glibc

extension JSONValue {
    /// Streams the value's canonical form: RFC 8785, except that numbers are exact decimals with all their digits
    /// (``JSONDecimal/description``). Equal data has the same bytes, whatever its white space, order of keys, escapes
    /// and spelling of numbers.
    ///
    /// - Parameter sink: gets the bytes in order, in chunks of about 16 KiB that are valid only during the call.
    public func canonicalize<E: Error>(into sink: (UnsafeRawBufferPointer) throws(E) -> Void) throws(E) {
        try storage.withTree { (tree) throws(E) in
            var writer = CanonicalWriter(tree)
            try writer.write(node, sink)
            try writer.flush(sink)
        }
    }

    /// The canonical form at once; see ``canonicalize(into:)``.
    public func canonicalBytes() -> [UInt8] {
        var bytes: [UInt8] = []
        canonicalize { bytes.append(contentsOf: $0) }
        return bytes
    }
}

/// Writes values in canonical form into a buffer, and from there into a sink.
struct CanonicalWriter: ~Copyable {
    /// What the key of a member is sorted by.
    private struct Member {
        /// The key's first eight bytes, each in its rank.
        var leading: UInt64
        /// The key's plain bytes: in the text, or, where it holds escapes, among the decoded keys.
        var start: Int
        var length: Int
        var isDecoded: Bool
    }

    private let tree: JSONTree
    private let buffer: UnsafeMutablePointer<UInt8>
    private var count = 0
    /// The keys of all objects that are being written, in the text's order, the innermost object's last.
    private var keys: [Int] = []
    /// The last object of each size: records mostly have the keys of the one before them, and so their order.
    private var shapes = [Shape](repeating: Shape(), count: Self.largestShape + 1)
    /// The plain bytes of the keys with escapes of an object whose members are being sorted.
    private var decodedKeys: [UInt8] = []

    /// The keys of an object in the text's order, and their places in the order in which they are written.
    private struct Shape {
        var keys: [Int] = []
        var order: [Int] = []
    }

    private static var capacity: Int { 1 << 14 }
    private static var largestShape: Int { 32 }

    init(_ tree: JSONTree) {
        self.tree = tree
        buffer = .allocate(capacity: Self.capacity)
    }

    deinit { buffer.deallocate() }

    mutating func flush<E: Error>(_ sink: (UnsafeRawBufferPointer) throws(E) -> Void) throws(E) {
        guard count > 0 else { return }
        try sink(UnsafeRawBufferPointer(start: buffer, count: count))
        count = 0
    }

    @inline(__always)
    private mutating func put<E: Error>(
        _ byte: UInt8, _ sink: (UnsafeRawBufferPointer) throws(E) -> Void
    ) throws(E) {
        if count == Self.capacity { try flush(sink) }
        buffer[count] = byte
        count += 1
    }

    private mutating func put<E: Error>(
        _ bytes: UnsafePointer<UInt8>, _ length: Int, _ sink: (UnsafeRawBufferPointer) throws(E) -> Void
    ) throws(E) {
        if length > Self.capacity - count { try flush(sink) }
        guard length <= Self.capacity else { return try sink(UnsafeRawBufferPointer(start: bytes, count: length)) }
        (buffer + count).update(from: bytes, count: length)
        count += length
    }

    mutating func write<E: Error>(_ node: Int, _ sink: (UnsafeRawBufferPointer) throws(E) -> Void) throws(E) {
        let word = tree.word(node)
        switch word.tag {
        case JSONWord.Tag.object: try writeObject(node, word.count, sink)
        case JSONWord.Tag.array:
            try put(UInt8(ascii: "["), sink)
            var child = tree.firstChild(of: node)
            for index in 0..<word.count {
                if index > 0 { try put(UInt8(ascii: ","), sink) }
                try write(child, sink)
                child = tree.next(after: child)
            }
            try put(UInt8(ascii: "]"), sink)
        case JSONWord.Tag.number where !(word.flag ? isCanonicalInteger(word) : isCanonicalFraction(word)):
            let text = Array(JSONDecimal(tree.text + word.start, count: word.length).description.utf8)
            try put(text, text.count, sink)
        case JSONWord.Tag.string where word.flag: try writeEscaped(word, sink)
        default: try put(tree.text + word.start, word.length, sink)
        }
    }

    /// A plain integer short enough is written as it stands, but for minus zero.
    private func isCanonicalInteger(_ word: JSONWord) -> Bool {
        word.length <= 21 && !(word.length == 2 && tree.text[word.start + 1] == UInt8(ascii: "0"))
    }

    /// A short number with a point is written as it stands where it has no exponent, ends in another digit than zero, and
    /// is not so small that it needs an exponent.
    private func isCanonicalFraction(_ word: JSONWord) -> Bool {
        let text = tree.text + word.start
        guard word.length <= 21, text[word.length - 1] != UInt8(ascii: "0") else { return false }
        var first = text[0] == UInt8(ascii: "-") ? 1 : 0
        for index in first..<word.length where text[index] | 0x20 == UInt8(ascii: "e") { return false }
        guard text[first] == UInt8(ascii: "0") else { return true }
        first += 2  // the zero and the point
        return (first..<min(first + 6, word.length)).contains { text[$0] != UInt8(ascii: "0") }
    }

    private mutating func writeEscaped<E: Error>(
        _ word: JSONWord, _ sink: (UnsafeRawBufferPointer) throws(E) -> Void
    ) throws(E) {
        var bytes: [UInt8] = [UInt8(ascii: "\"")]
        bytes.reserveCapacity(word.length)
        JSONEscaping.decode(tree.text, word) { JSONEscaping.emitEscaped($0) { bytes.append($0) } }
        bytes.append(UInt8(ascii: "\""))
        try put(bytes, bytes.count, sink)
    }

    // MARK: Objects

    private mutating func writeObject<E: Error>(
        _ node: Int, _ size: Int, _ sink: (UnsafeRawBufferPointer) throws(E) -> Void
    ) throws(E) {
        let first = keys.count
        var key = tree.firstChild(of: node)
        for _ in 0..<size {
            keys.append(key)
            key = tree.next(after: key + 1)
        }
        let order = order(from: first)
        try put(UInt8(ascii: "{"), sink)
        for index in 0..<size {
            if index > 0 { try put(UInt8(ascii: ","), sink) }
            let key = keys[first + order[index]]
            try write(key, sink)
            try put(UInt8(ascii: ":"), sink)
            try write(key + 1, sink)
        }
        try put(UInt8(ascii: "}"), sink)
        keys.removeLast(size)
    }

    /// In which order the keys from `first` are written.
    private mutating func order(from first: Int) -> [Int] {
        let size = keys.count - first
        guard size <= Self.largestShape else { return sorted(from: first) }
        if hasShape(of: shapes[size].keys, from: first) { return shapes[size].order }
        shapes[size] = Shape(keys: Array(keys[first...]), order: sorted(from: first))
        return shapes[size].order
    }

    /// Whether the keys from `first` are the same as others, spelled the same.
    private func hasShape(of others: [Int], from first: Int) -> Bool {
        guard others.count == keys.count - first else { return false }
        for (index, other) in others.enumerated() {
            let (left, right) = (tree.word(keys[first + index]), tree.word(other))
            guard left.length == right.length,
                memcmp(tree.text + left.start, tree.text + right.start, left.length) == 0
            else { return false }
        }
        return true
    }

    private mutating func member(_ key: Int) -> Member {
        let word = tree.word(key)
        var member = Member(leading: 0, start: word.start + 1, length: word.length - 2, isDecoded: false)
        if word.flag {
            member.start = decodedKeys.count
            member.isDecoded = true
            JSONEscaping.decode(tree.text, word) { decodedKeys.append($0) }
            member.length = decodedKeys.count - member.start
        }
        for index in 0..<min(8, member.length) {
            member.leading |= UInt64(rank(byte(member, index))) << UInt64(56 - 8 * index)
        }
        return member
    }

    @inline(__always)
    private func byte(_ member: Member, _ index: Int) -> UInt8 {
        member.isDecoded ? decodedKeys[member.start + index] : tree.text[member.start + index]
    }

    /// UTF-8's bytes in the order of UTF-16's code units: scalars above U+FFFF, whose bytes begin with F0 to F4, are
    /// surrogates there and come before U+E000 to U+FFFF, whose bytes begin with EE and EF.
    @inline(__always)
    private func rank(_ byte: UInt8) -> UInt8 {
        guard byte >= 0xEE else { return byte }
        return byte >= 0xF0 ? byte - 2 : byte + 5
    }

    private func isLess(_ left: Member, _ right: Member) -> Bool {
        if left.leading != right.leading { return left.leading < right.leading }
        let common = min(left.length, right.length)
        var index = 8
        while index < common {
            let (a, b) = (byte(left, index), byte(right, index))
            if a != b { return rank(a) < rank(b) }
            index += 1
        }
        // Where one key ends, its leading bytes are filled with zeros, which are less than or equal to any.
        return left.length < right.length
    }

    private mutating func sorted(from first: Int) -> [Int] {
        decodedKeys.removeAll(keepingCapacity: true)
        var members: [Member] = []
        members.reserveCapacity(keys.count - first)
        for index in first..<keys.count { members.append(member(keys[index])) }
        var order = Array(members.indices)
        guard members.count > Self.largestShape else {
            for index in members.indices {
                var place = index
                while place > 0, isLess(members[index], members[order[place - 1]]) {
                    order[place] = order[place - 1]
                    place -= 1
                }
                order[place] = index
            }
            return order
        }
        order.sort { isLess(members[$0], members[$1]) }
        return order
    }
}
