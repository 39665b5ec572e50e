import JSONText

/// A JSON document read window by window: some elements of its array of records at a time, and at the end the text
/// around the array.
package struct WindowedText: Sendable {
    /// Elements of an array, whole ones, as the array of an object of their own.
    struct Window: Sendable {
        /// `{"NAME":[` and the elements, closed unless the document ends within them.
        var text: [UInt8]
        /// The array's bracket or the comma before the elements is the byte before this one of the document.
        let start: Int
        /// The byte after the elements: a comma, the array's closing bracket, or the document's end.
        let end: Int
        /// How far the document was counted at `start`.
        let mark: TextMark
        /// What stands before the elements in `text`.
        let head: Int
        /// The array's name, and whether these are its first and its last elements.
        let name: String
        let isFirst: Bool
        let isLast: Bool
        /// Whether the array is all of the document, which has no object around it.
        let isBare: Bool

        /// Where a byte of `text` stands in the document.
        func offset(of place: Int) -> Int { min(max(start, start + place - head), end) }
    }

    /// Why a document cannot be read in windows.
    enum Obstacle: Error {
        /// One element has more bytes than a window may have: its number, where it begins, and how large it is at least.
        case element(Int, TextMark, Int)
        /// The text around the array has more bytes than may be held.
        case surroundings
    }

    private(set) var skeleton = Skeleton()
    private let source: DocumentSource
    /// The name that a bare array gets.
    private let bare: String
    private let windowBytes: Int
    private let longestElement: Int
    /// Whether there is nothing but elements, which end where they end.
    private let isArrayAlone: Bool
    private var scanner: ArrayScanner
    private var mark: TextMark
    private var offset: Int
    private let end: Int
    private var piece: [UInt8] = []
    /// How much of `piece` was scanned.
    private var scanned = 0
    /// The window that is being gathered, with its head, and the commas in it.
    private var text: [UInt8] = []
    private var head = 0
    private var start = 0
    private var commas: [Int] = []
    private var isFirst = true
    private var name = ""
    /// The elements that were handed out of the present array.
    private var elements = 0

    /// How much of the records a window has, unless one alone has more.
    package static let usualBytes = 2 << 20
    /// How much of the text around the records is held.
    private static let mostSurroundings = 4 << 20

    /// What is read at once.
    private var pieceBytes: Int { min(windowBytes, 1 << 20) }

    init(
        _ source: DocumentSource, names: [String], bare: String, windowBytes: Int = usualBytes,
        longestElement: Int = 32 << 20
    ) throws {
        self.source = source
        self.bare = bare
        self.windowBytes = windowBytes
        self.longestElement = longestElement
        isArrayAlone = false
        scanner = ArrayScanner(names: names)
        (offset, end) = (0, source.size)
        mark = try source.read(0..<min(3, source.size)).withUnsafeBufferPointer { TextMark(head: $0) }
    }

    /// Some elements of the array `name` alone: those that stand in `range` of the document.
    init(elements range: Range<Int>, of source: DocumentSource, name: String, windowBytes: Int = usualBytes) {
        self.source = source
        bare = name
        self.windowBytes = windowBytes
        longestElement = .max
        isArrayAlone = true
        scanner = .ofElements()
        (offset, end) = (range.lowerBound, range.upperBound)
        mark = [].withUnsafeBufferPointer { TextMark(head: $0) }
        begin(name, at: offset)
    }

    /// The next elements; `nil` when the document has been read to its end.
    ///
    /// - Throws: ``Obstacle``, and what reading throws.
    mutating func next() throws -> Window? {
        while true {
            if let window = cut() { return window }
            if scanned == piece.count {
                guard offset < end else { return last() }
                piece = try source.read(offset..<min(end, offset + pieceBytes))
                scanned = 0
                // Shorter than it was: that is found out when the file is looked at again.
                if piece.isEmpty { return last() }
            }
            if let window = try scan() { return window }
        }
    }

    /// Scans one stretch; a window where an array ends.
    private mutating func scan() throws -> Window? {
        let (piece, from) = (piece, scanned)
        return try piece.withUnsafeBufferPointer { bytes in
            let stretch = scanner.next(in: bytes, from: from)
            let found = UnsafeBufferPointer(rebasing: bytes[stretch.range])
            scanned = stretch.range.upperBound
            offset += found.count
            guard stretch.isInside else {
                skeleton.append(found, mark)
                mark.advance(over: found)
                guard skeleton.text.count <= Self.mostSurroundings else { throw Obstacle.surroundings }
                if scanner.isInside { begin(scanner.arrayName ?? bare, at: offset) }
                return nil
            }
            for comma in scanner.commas { commas.append(text.count + comma - stretch.range.lowerBound) }
            text += found
            if commas.isEmpty, text.count > longestElement { throw largeElement() }
            // Whichever bracket it is: the parser says if it is the wrong one.
            return scanner.isInside ? nil : finish(closing: bytes[stretch.range.upperBound])
        }
    }

    private mutating func begin(_ name: String, at offset: Int) {
        self.name = name
        var frame: [UInt8] = [UInt8(ascii: "{")]
        frame.appendJSONString(name)
        frame += [UInt8(ascii: ":"), UInt8(ascii: "[")]
        (text, head, start, isFirst, elements) = (frame, frame.count, offset, true, 0)
        commas.removeAll()
    }

    /// Hands out what is there, up to the last comma, once it is enough.
    private mutating func cut() -> Window? {
        guard text.count - head >= windowBytes, let comma = commas.popLast() else { return nil }
        let rest = text[(comma + 1)...]
        var next = Array(text[..<head])
        next.reserveCapacity(windowBytes + pieceBytes)
        next += rest
        text.removeLast(text.count - comma)
        let window = window(isLast: false, closing: UInt8(ascii: "]"))
        // The comma itself is part of no window.
        [UInt8(ascii: ",")].withUnsafeBufferPointer { mark.advance(over: $0) }
        (text, start) = (next, window.end + 1)
        commas.removeAll()
        return window
    }

    private mutating func finish(closing bracket: UInt8?) -> Window {
        defer { head = 0 }
        return window(isLast: true, closing: bracket)
    }

    /// The document is over, and may be so too early.
    private mutating func last() -> Window? {
        guard head > 0 else { return nil }
        return finish(closing: isArrayAlone ? UInt8(ascii: "]") : nil)
    }

    /// - Parameter bracket: what closes the array; `nil`: nothing does.
    private mutating func window(isLast: Bool, closing bracket: UInt8?) -> Window {
        var handed: [UInt8] = []
        swap(&handed, &text)
        let (before, length) = (mark, handed.count - head)
        handed.withUnsafeBufferPointer { mark.advance(over: UnsafeBufferPointer(rebasing: $0[head...])) }
        if let bracket { handed += [bracket, UInt8(ascii: "}")] }
        let window = Window(
            text: handed, start: start, end: start + length, mark: before, head: head, name: name, isFirst: isFirst,
            isLast: isLast, isBare: !isArrayAlone && scanner.arrayName == nil)
        isFirst = false
        elements += commas.count + 1
        return window
    }

    private func largeElement() -> Obstacle {
        let space = text[head...].prefix { $0 == 0x20 || (0x09...0x0D).contains($0) }
        var mark = mark
        Array(space).withUnsafeBufferPointer { mark.advance(over: $0) }
        return .element(elements, mark, text.count - head - space.count)
    }
}
