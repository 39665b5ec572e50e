extension JSONParser {
    /// A key to compare: its bytes without quotation marks and escapes, and the first eight of them as a number.
    struct KeyReference {
        var leading: UInt64
        /// Where the bytes are: in the text, or, where the key holds escapes, among `decodedKeys`.
        var start: Int
        var length: Int
        var isDecoded: Bool
        /// Where the key stands in the text.
        var offset: Int
    }

    /// Objects of up to so many members are compared pair by pair, larger ones are sorted. Neither hashes, so no
    /// choice of keys makes it slow.
    private static var pairwiseLimit: Int { 24 }

    @inline(never)
    mutating func refuseDuplicateKeys(of object: Int, count: Int) throws(Failure) {
        keyScratch.removeAll(keepingCapacity: true)
        decodedKeys.removeAll(keepingCapacity: true)
        let tree = tree
        let stop = tree.span(object).next
        var node = tree.firstChild(of: object)
        while node < stop {
            keyScratch.append(reference(tree.word(node)))
            node = tree.next(after: node + 1)
        }
        // Decoded bytes move while they are gathered: leading bytes of decoded keys are read only now.
        for index in keyScratch.indices { keyScratch[index].leading = leading(keyScratch[index]) }
        if let offset = count <= Self.pairwiseLimit ? pairwiseDuplicate() : sortedDuplicate() {
            throw Failure(reason: .duplicateKey(JSONEscaping.decode(base, key(at: offset))), offset: offset)
        }
    }

    private func key(at offset: Int) -> JSONWord {
        // It was scanned before; a second scan finds its end again and cannot fail.
        var close = offset + 1
        var escaped = false
        while base[close] != UInt8(ascii: "\"") {
            if base[close] == UInt8(ascii: "\\") {
                escaped = true
                close += 1
            }
            close += 1
        }
        return JSONWord(tag: JSONWord.Tag.string, flag: escaped, start: offset, length: close + 1 - offset)
    }

    private mutating func reference(_ word: JSONWord) -> KeyReference {
        guard word.flag else {
            return KeyReference(
                leading: 0, start: word.start + 1, length: word.length - 2, isDecoded: false, offset: word.start)
        }
        let start = decodedKeys.count
        JSONEscaping.decode(base, word) { decodedKeys.append($0) }
        return KeyReference(
            leading: 0, start: start, length: decodedKeys.count - start, isDecoded: true, offset: word.start)
    }

    private func withBytes<R>(_ key: KeyReference, _ body: (UnsafePointer<UInt8>) -> R) -> R {
        guard key.isDecoded else { return body(base + key.start) }
        // An empty decoded key has no bytes to read; any address will do.
        return decodedKeys.withUnsafeBufferPointer { body($0.baseAddress.map { $0 + key.start } ?? base) }
    }

    private func leading(_ key: KeyReference) -> UInt64 {
        withBytes(key) { bytes in
            var value: UInt64 = 0
            for index in 0..<min(8, key.length) { value |= UInt64(bytes[index]) << UInt64(56 - 8 * index) }
            return value
        }
    }

    private func order(_ left: KeyReference, _ right: KeyReference) -> Int {
        if left.leading != right.leading { return left.leading < right.leading ? -1 : 1 }
        if left.length != right.length { return left.length < right.length ? -1 : 1 }
        return withBytes(left) { leftBytes in
            withBytes(right) { rightBytes in
                for index in 0..<left.length where leftBytes[index] != rightBytes[index] {
                    return leftBytes[index] < rightBytes[index] ? -1 : 1
                }
                return 0
            }
        }
    }

    private func pairwiseDuplicate() -> Int? {
        for later in 1..<keyScratch.count {
            let key = keyScratch[later]
            for earlier in 0..<later where keyScratch[earlier].leading == key.leading {
                if order(keyScratch[earlier], key) == 0 { return key.offset }
            }
        }
        return nil
    }

    private mutating func sortedDuplicate() -> Int? {
        var keys = keyScratch
        keyScratch = []
        keys.sort { left, right in
            let order = order(left, right)
            return order == 0 ? left.offset < right.offset : order < 0
        }
        var first: Int?
        for index in 1..<keys.count where order(keys[index - 1], keys[index]) == 0 {
            first = min(first ?? .max, keys[index].offset)
        }
        return first
    }
}
