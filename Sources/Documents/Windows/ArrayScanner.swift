import JSONText

/// Finds, in a JSON text that comes in pieces, the arrays of records and the commas that part their elements.
///
/// It knows brackets, strings and the arrays' names, and nothing else. Whatever is wrong with the text is found by the
/// parser, which reads all that the scanner tells apart: the elements, and the text around the arrays.
struct ArrayScanner: Sendable {
    /// Bytes that belong together, as far as the piece goes.
    struct Stretch: Sendable {
        let range: Range<Int>
        /// Between the brackets of an array of records.
        let isInside: Bool
    }

    /// Where the commas between elements stand in the piece that was scanned last.
    private(set) var commas: [Int] = []
    /// The name of the array that was found last; `nil`: the document is the array itself.
    private(set) var arrayName: String?
    /// Whether the next byte stands in an array of records.
    var isInside: Bool { arrayDepth > 0 }

    private let names: [String]
    /// As much of a key as tells whether it is one of the names, each of its letters an escape.
    private let longestKey: Int
    private var depth = 0
    private var isInString = false
    private var isEscaped = false
    /// The beginning of the last string at the top level of an object, while it may be a key.
    private var key: [UInt8] = []
    private var isAfterColon = false
    /// How many brackets are open where an element of the array begins; 0 outside.
    private var arrayDepth = 0

    /// - Parameter names: the members of the outermost object that are arrays of records. A bare array is one, too.
    init(names: [String]) {
        self.names = names
        longestKey = 6 * (names.map(\.utf8.count).max() ?? 0) + 1
    }

    /// A scanner of the text between an array's brackets, or of some of its elements.
    static func ofElements() -> ArrayScanner {
        var scanner = ArrayScanner(names: [])
        (scanner.depth, scanner.arrayDepth) = (1, 1)
        return scanner
    }

    /// Goes on to where an array begins or ends, or to the end of the piece.
    mutating func next(in piece: UnsafeBufferPointer<UInt8>, from start: Int) -> Stretch {
        commas.removeAll(keepingCapacity: true)
        return isInside
            ? Stretch(range: start..<scanInside(piece, start), isInside: true)
            : Stretch(range: start..<scanOutside(piece, start), isInside: false)
    }

    /// - Returns: the array's closing bracket, or the end of the piece.
    private mutating func scanInside(_ piece: UnsafeBufferPointer<UInt8>, _ start: Int) -> Int {
        var (depth, at) = (depth, start)
        defer { self.depth = depth }
        while at < piece.count {
            if isInString {
                at = endOfString(piece, at)
                continue
            }
            switch piece[at] {
            case UInt8(ascii: "\""): isInString = true
            case UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
            case UInt8(ascii: ","):
                if depth == arrayDepth { commas.append(at) }
            case UInt8(ascii: "]"), UInt8(ascii: "}"):
                if depth == arrayDepth {
                    arrayDepth = 0
                    return at
                }
                depth -= 1
            default: break
            }
            at += 1
        }
        return at
    }

    /// - Returns: the byte after the quotation mark that closes the string, or the end of the piece.
    @inline(__always)
    private mutating func endOfString(_ piece: UnsafeBufferPointer<UInt8>, _ start: Int) -> Int {
        var at = start
        if isEscaped {
            isEscaped = false
            at += 1
        }
        while at < piece.count {
            let byte = piece[at]
            at += 1
            if byte == UInt8(ascii: "\"") {
                isInString = false
                return at
            }
            if byte == UInt8(ascii: "\\") {
                if at == piece.count { isEscaped = true }
                at += 1
            }
        }
        return piece.count
    }

    /// - Returns: the byte after an array's opening bracket, or the end of the piece.
    private mutating func scanOutside(_ piece: UnsafeBufferPointer<UInt8>, _ start: Int) -> Int {
        var at = start
        while at < piece.count {
            if isInString {
                let end = endOfString(piece, at)
                if depth == 1 {
                    key += piece[at..<(isInString ? end : end - 1)].prefix(longestKey - key.count)
                }
                at = end
                continue
            }
            switch piece[at] {
            case UInt8(ascii: "\""):
                isInString = true
                key.removeAll()
            case UInt8(ascii: ":"): isAfterColon = true
            case UInt8(ascii: ","): isAfterColon = false
            case UInt8(ascii: "{"): depth += 1
            case UInt8(ascii: "["):
                depth += 1
                if startsArray {
                    arrayDepth = depth
                    return at + 1
                }
            case UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
            default: break
            }
            at += 1
        }
        return at
    }

    private var startsArray: Bool {
        mutating get {
            arrayName = nil
            if depth == 1 { return true }
            guard depth == 2, isAfterColon else { return false }
            let key = plainKey
            arrayName = names.first { key.elementsEqual($0.utf8) }
            return arrayName != nil
        }
    }

    /// The key without its escapes; with them where they are none.
    private var plainKey: [UInt8] {
        let mark = UInt8(ascii: "\"")
        guard key.contains(UInt8(ascii: "\\")), let document = try? JSONDocument(parsing: [mark] + key + [mark]) else {
            return key
        }
        return Array((document.root.string ?? "").utf8)
    }
}
