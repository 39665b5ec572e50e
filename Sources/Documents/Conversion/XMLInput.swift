import Glibc
import JSONText

/// The text that the parser fetches piece by piece, and where its tags stand.
///
/// Only those pieces are kept in which the parser still looks.
struct XMLInput {
    /// UTF-8 without a byte order mark; `nil` at the end, else not empty.
    typealias Pieces = () throws -> [UInt8]?

    /// How much of the text the parser was given.
    private(set) var given = 0
    /// Where a tag begins that has too many attributes; it is not given to the parser.
    private(set) var crowded: TextPlace?

    private let pieces: Pieces
    /// The piece that is given now.
    private var piece: [UInt8] = []
    /// How much of `piece` was given.
    private var taken = 0
    private var isOver = false
    /// How far the given text was counted: to its end.
    private var mark = TextMark.start
    /// The pieces in which the parser still looks, this one with them, and where the first of them begins.
    private var held: [[UInt8]] = []
    private var heldStart = 0
    private var heldMark = TextMark.start
    /// The `<` of the given text that the parser has not read past, but for those of closing tags, and before them the
    /// last that it has.
    private var tags: [(offset: Int, place: TextPlace)] = [(0, .start)]
    private var lastTag = 0
    private var crowdedTag = CrowdedTag()

    /// How many tags are kept beyond need, so that they are not moved each time.
    private static let spareTags = 1 << 10

    init(_ pieces: @escaping Pieces) {
        self.pieces = pieces
    }

    /// - Parameter text: all of it.
    init(_ text: [UInt8]) {
        var text: [UInt8]? = text.isEmpty ? nil : text
        self.init {
            defer { text = nil }
            return text
        }
    }

    /// Whether all of the text was given.
    mutating func isExhausted() throws -> Bool { try !refill() }

    /// Where the text's next byte stands.
    var end: TextPlace { mark.place }

    /// Counts the rest of the text, which the parser does not want.
    mutating func drain() throws {
        while try refill() {
            mark.advance(over: piece[taken...])
            taken = piece.count
            held.removeAll()
        }
    }

    private mutating func refill() throws -> Bool {
        if taken < piece.count { return true }
        if isOver { return false }
        taken = 0
        guard let next = try pieces() else {
            (isOver, piece) = (true, [])
            return false
        }
        piece = next
        held.append(next)
        return true
    }

    /// Gives as much text as there is room for; less only at its end or before a crowded tag's.
    ///
    /// - Parameter start: the parser looks at nothing before this byte again.
    mutating func give(into room: UnsafeMutableRawBufferPointer, forgettingUpTo start: Int) throws -> Int {
        forget(upTo: start)
        var filled = 0
        while filled < room.count, try refill() {
            let count = min(room.count - filled, piece.count - taken)
            piece.withUnsafeBytes { bytes in
                UnsafeMutableRawBufferPointer(rebasing: room[filled...])
                    .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[taken..<(taken + count)]))
            }
            (filled, taken) = (filled + count, taken + count)
        }
        let bytes = UnsafeRawBufferPointer(rebasing: room[..<filled]).assumingMemoryBound(to: UInt8.self)
        note(bytes)
        given += filled
        return crowded == nil ? filled : 0
    }

    // MARK: Places

    /// Where the last `<` before a byte stands that is no closing tag's.
    ///
    /// - Parameter offset: no less than in earlier calls.
    mutating func tag(before offset: Int) -> TextPlace {
        while lastTag + 1 < tags.count, tags[lastTag + 1].offset < offset { lastTag += 1 }
        return tags[lastTag].place
    }

    /// Where a byte stands that the parser looks at.
    func place(ofByte offset: Int) -> TextPlace {
        var mark = heldMark
        var left = max(0, offset - heldStart)
        for piece in held where left > 0 {
            mark.advance(over: piece.prefix(left))
            left -= min(left, piece.count)
        }
        return mark.place
    }

    private mutating func forget(upTo start: Int) {
        _ = tag(before: start)
        if lastTag > Self.spareTags {
            tags.removeFirst(lastTag)
            lastTag = 0
        }
        while held.count > 1, heldStart + held[0].count <= start {
            heldMark.advance(over: held[0][...])
            heldStart += held.removeFirst().count
        }
    }

    /// Counts the bytes that are given next, and notes the tags in them.
    private mutating func note(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard let base = bytes.baseAddress else { return }
        var (counted, at) = (0, 0)
        while let found = memchr(base + at, CInt(UInt8(ascii: "<")), bytes.count - at) {
            let next = UnsafeRawPointer(base).distance(to: found)
            at = next + 1
            // Nobody asks where a closing tag stands.
            if at < bytes.count, bytes[at] == UInt8(ascii: "/") { continue }
            note(UnsafeBufferPointer(rebasing: bytes[counted..<next]), isPart: counted == 0)
            tags.append((given + next, mark.place))
            crowdedTag.begin()
            counted = next
        }
        note(UnsafeBufferPointer(rebasing: bytes[counted...]), isPart: true)
    }

    /// - Parameter isPart: the bytes may be the end of something that has begun before, or go on.
    private mutating func note(_ stretch: UnsafeBufferPointer<UInt8>, isPart: Bool) {
        mark.advance(over: stretch)
        // A short tag that lies between two others is not crowded, so most need no second look.
        if isPart || stretch.count >= CrowdedTag.shortest, crowdedTag.read(stretch), crowded == nil {
            crowded = tags[tags.count - 1].place
        }
    }
}
