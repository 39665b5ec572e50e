import Glibc

/// One pass over the bytes into words. Iterative: nesting costs a frame of a small array, never the machine's stack.
///
/// Sibling objects mostly have the same keys in the same order. Each object is read beside a *model*, an earlier
/// object in the same place: a key that equals the model's next key needs no scan, and an object all of whose keys were
/// found along its model, in order, cannot have a duplicate, because the model has none.
struct JSONParser: ~Copyable {
    struct Failure: Error {
        let reason: JSONSyntaxError.Reason
        let offset: Int
    }

    /// An open array or object.
    struct Frame {
        var node: Int
        var count = 0
        var isObject: Bool
        /// In an object: the model's next key and the end of the model; equal where there is no model or it ended.
        var modelKey = 0
        var modelEnd = 0
        /// Every key so far was found along the model.
        var followsModel = true
        /// The node that the next value may take for its model; 0 for none.
        var suggestion = 0
    }

    let base: UnsafePointer<UInt8>
    let end: Int
    let maximumDepth: Int
    private(set) var words: UnsafeMutablePointer<UInt64>
    private var count = 0
    private var capacity: Int
    var keyScratch: [KeyReference] = []
    var decodedKeys: [UInt8] = []

    init(_ text: UnsafeBufferPointer<UInt8>, maximumDepth: Int) {
        end = text.count
        base = text.baseAddress ?? UnsafePointer(bitPattern: 8).unsafelyUnwrapped  // never read: `end` is 0
        self.maximumDepth = maximumDepth
        capacity = max(16, end / 8)
        words = Self.resize(nil, to: capacity)
    }

    deinit { free(words) }

    /// Hands the words over, to be freed with `free`. A block that is mostly in use is left as it is: memory that was
    /// never written takes no pages, and shrinking would give back pages that the next document needs again.
    mutating func takeWords() -> UnsafeMutablePointer<UInt64> {
        let result = count < capacity / 2 ? Self.resize(words, to: count) : words
        words = Self.resize(nil, to: 1)  // for `deinit` to free
        return result
    }

    /// `realloc`, which moves the pages of large blocks rather than copying them.
    private static func resize(_ block: UnsafeMutablePointer<UInt64>?, to count: Int) -> UnsafeMutablePointer<UInt64> {
        guard let resized = realloc(block, count * MemoryLayout<UInt64>.stride) else { fatalError("out of memory") }
        return resized.bindMemory(to: UInt64.self, capacity: count)
    }

    var tree: JSONTree { JSONTree(text: base, words: UnsafePointer(words)) }

    @inline(__always)
    private mutating func append(_ bits: UInt64) {
        if count == capacity { grow() }
        words[count] = bits
        count += 1
    }

    @inline(never)
    private mutating func grow() {
        capacity *= 2
        words = Self.resize(words, to: capacity)
    }

    mutating func parse() throws(Failure) {
        guard end <= JSONWord.maximumTextSize else { throw Failure(reason: .tooLarge, offset: 0) }
        let frames = UnsafeMutablePointer<Frame>.allocate(capacity: maximumDepth + 1)
        defer { frames.deallocate() }
        var at = try skipMark()
        var depth = 0

        value: while true {
            at = skipSpace(at)
            guard at < end else { throw Failure(reason: .unexpectedEnd, offset: end) }
            let byte = base[at]
            switch byte {
            case UInt8(ascii: "\""):
                let (close, escaped) = try string(from: at + 1)
                append(JSONWord(tag: JSONWord.Tag.string, flag: escaped, start: at, length: close + 1 - at).bits)
                at = close + 1
            case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                let (stop, plain) = try number(at)
                append(JSONWord(tag: JSONWord.Tag.number, flag: plain, start: at, length: stop - at).bits)
                at = stop
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                guard depth < maximumDepth else { throw Failure(reason: .tooDeep(maximumDepth), offset: at) }
                let isObject = byte == UInt8(ascii: "{")
                let suggestion = depth > 0 ? frames[depth].suggestion : 0
                depth += 1
                frames[depth] = open(isObject: isObject, at: at, suggestion: suggestion)
                at = skipSpace(at + 1)
                guard at < end else { throw Failure(reason: .unexpectedEnd, offset: end) }
                if base[at] != byte + 2 {
                    if isObject { at = try key(at, &frames[depth]) }
                    continue value
                }
                try close(frames[depth], at: at)
                depth -= 1
                at += 1
            case UInt8(ascii: "t"): at = try literal("true", JSONWord.Tag.true, at)
            case UInt8(ascii: "f"): at = try literal("false", JSONWord.Tag.false, at)
            case UInt8(ascii: "n"): at = try literal("null", JSONWord.Tag.null, at)
            default: throw unexpected(at, .valueExpected)
            }

            // A value has ended; close what ends with it.
            while depth > 0 {
                frames[depth].count += 1
                at = skipSpace(at)
                guard at < end else { throw Failure(reason: .unexpectedEnd, offset: end) }
                let isObject = frames[depth].isObject
                let byte = base[at]
                if byte == UInt8(ascii: ",") {
                    at += 1
                    if isObject { at = try key(skipSpace(at), &frames[depth]) }
                    continue value
                }
                guard byte == (isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) else {
                    throw unexpected(at, isObject ? .commaOrBraceExpected : .commaOrBracketExpected)
                }
                let closed = frames[depth]
                try close(closed, at: at)
                depth -= 1
                at += 1
                if depth > 0, !frames[depth].isObject { suggest(closed, to: &frames[depth]) }
            }
            at = skipSpace(at)
            guard at == end else { throw unexpected(at, .textAfterEnd) }
            return
        }
    }

    // MARK: Containers

    @inline(__always)
    private mutating func open(isObject: Bool, at: Int, suggestion: Int) -> Frame {
        var frame = Frame(node: count, isObject: isObject)
        if suggestion != 0 {
            let model = tree.word(suggestion)
            if isObject, model.tag == JSONWord.Tag.object {
                frame.modelKey = suggestion + 2
                frame.modelEnd = tree.span(suggestion).next
            } else if !isObject, model.tag == JSONWord.Tag.array, model.count > 0 {
                frame.suggestion = suggestion + 2
            }
        }
        let tag = isObject ? JSONWord.Tag.object : JSONWord.Tag.array
        append(JSONWord(tag: tag, flag: false, start: at, length: 0).bits)
        append(0)
        return frame
    }

    @inline(__always)
    private mutating func close(_ frame: Frame, at: Int) throws(Failure) {
        let opened = JSONWord(bits: words[frame.node])
        words[frame.node] = JSONWord(tag: opened.tag, flag: false, start: opened.start, length: frame.count).bits
        words[frame.node + 1] = JSONSpan(next: count, end: at + 1).bits
        if !frame.followsModel, frame.count > 1 { try refuseDuplicateKeys(of: frame.node, count: frame.count) }
    }

    /// A closed element becomes the model of those after it when it has news: keys the model did not have.
    @inline(__always)
    private func suggest(_ closed: Frame, to parent: inout Frame) {
        if !closed.isObject || !closed.followsModel || parent.suggestion == 0 { parent.suggestion = closed.node }
    }

    /// Reads a key and its colon; `at` is where the key has to begin. Returns the place after the colon.
    @inline(__always)
    private mutating func key(_ at: Int, _ frame: inout Frame) throws(Failure) -> Int {
        guard at < end else { throw Failure(reason: .unexpectedEnd, offset: end) }
        guard base[at] == UInt8(ascii: "\"") else { throw unexpected(at, .keyExpected) }
        var after = alongModel(at, &frame)
        if after == 0 {
            frame.followsModel = false
            frame.suggestion = 0
            let (close, escaped) = try string(from: at + 1)
            append(JSONWord(tag: JSONWord.Tag.string, flag: escaped, start: at, length: close + 1 - at).bits)
            after = close + 1
        }
        after = skipSpace(after)
        guard after < end else { throw Failure(reason: .unexpectedEnd, offset: end) }
        guard base[after] == UInt8(ascii: ":") else { throw unexpected(after, .colonExpected) }
        return after + 1
    }

    /// Takes the key at `at` from the model if it is the model's next, or one of the few after it (members may be
    /// left out). Returns the place after its closing quotation mark, or 0.
    @inline(__always)
    private mutating func alongModel(_ at: Int, _ frame: inout Frame) -> Int {
        var candidate = frame.modelKey
        var tries = 8
        while candidate < frame.modelEnd, tries > 0 {
            let word = JSONWord(bits: words[candidate])
            let next = tree.next(after: candidate + 1)
            if word.length <= end - at, sameBytes(base + at, base + word.start, word.length) {
                append(JSONWord(tag: JSONWord.Tag.string, flag: word.flag, start: at, length: word.length).bits)
                frame.suggestion = candidate + 1
                frame.modelKey = next
                return at + word.length
            }
            candidate = next
            tries -= 1
        }
        return 0
    }

    private mutating func literal(_ name: StaticString, _ tag: UInt8, _ at: Int) throws(Failure) -> Int {
        let length = name.utf8CodeUnitCount
        for index in 0..<length {
            guard at + index < end else { throw Failure(reason: .unexpectedEnd, offset: end) }
            guard base[at + index] == name.utf8Start[index] else { throw unexpected(at, .valueExpected) }
        }
        append(JSONWord(tag: tag, flag: false, start: at, length: length).bits)
        return at + length
    }
}
