import Documents
import Model

/// The offending places of a file, each as the line around it with the column marked, as compilers show it.
package struct SourceExcerpt: Sendable {
    /// One line of the file, or as much of it as is shown.
    package struct Line: Sendable, Hashable {
        package var number: Int
        /// Without control characters, so that nothing moves the mark or reorders the line.
        package var text: String
        /// How many scalars of `text` stand before the marked column; `nil`: a line beside the marked one.
        package var mark: Int?
    }

    /// A place in the file, from 1; columns count Unicode scalars.
    package struct Place: Sendable, Hashable {
        package var line: Int
        package var column: Int

        package init(line: Int, column: Int) {
            self.line = line
            self.column = column
        }
    }

    /// As much of a line as is shown, in scalars.
    private let width: Int
    private let text: [UInt8]
    private let encoding: TextEncoding
    /// Where the places are that were asked for, as offsets.
    private let offsets: [Place: Int]
    private let hidden: [Range<Int>]

    /// - Parameters:
    ///   - text: a whole file.
    ///   - fields: whose values are not shown; `nil`: everything may be.
    ///   - width: as much of a line as is shown, in scalars.
    ///   - isBroken: the text could not be read beyond the first of the places, so that nobody knows what is a value
    ///     behind it: where there are fields to hide, nothing of that is shown.
    package init(
        of text: [UInt8], at places: [Place], hiding fields: SensitiveFields? = nil, width: Int = 100,
        isBroken: Bool = false
    ) {
        self.width = width
        self.text = text
        encoding = TextEncoding(of: text)
        offsets = SourceExcerpt.find(places, in: text, encoding)
        var hidden = fields.map { $0.isEmpty ? [] : ValueRanges.find(in: text, of: $0) } ?? []
        if isBroken, fields?.isEmpty == false {
            let first = offsets.values.min() ?? 0
            hidden = hidden.filter { $0.lowerBound < first } + [first..<max(first, text.count)]
        }
        self.hidden = hidden
        isShown = encoding != .unknown || fields == nil || fields?.isEmpty == true
    }

    private let isShown: Bool

    /// The marked line alone; `nil` for a line that is not there.
    package func line(at place: Place) -> Line? {
        guard isShown, let offset = offsets[place] else { return nil }
        return window(around: offset, place).line
    }

    /// The marked line, and the one before and after it where they are short; empty for a line that is not there.
    package func lines(at place: Place) -> [Line] {
        guard isShown, let offset = offsets[place] else { return [] }
        let (line, start, isWhole) = window(around: offset, place)
        guard isWhole else { return [line] }
        var lines = [line]
        if start > 0, let before = neighbor(endingAt: start - 1, number: place.line - 1) { lines.insert(before, at: 0) }
        let end = text[offset...].firstIndex(of: UInt8(ascii: "\n")) ?? text.count
        if end + 1 < text.count, let after = neighbor(startingAt: end + 1, number: place.line + 1) {
            lines.append(after)
        }
        return lines
    }

    private func window(around offset: Int, _ place: Place) -> (line: Line, start: Int, isWhole: Bool) {
        // From the line's start where that leaves room behind the place, else from some way before it.
        var start = back(from: offset, scalars: width * 3 / 4)
        let isWhole = start == 0 || text[start - 1] == UInt8(ascii: "\n")
        if !isWhole { start = back(from: offset, scalars: width / 2) }
        let (shown, mark) = show(from: start, marking: offset)
        return (Line(number: place.line, text: shown, mark: mark), start, isWhole)
    }

    /// So many scalars back, or to the line's start.
    private func back(from offset: Int, scalars: Int) -> Int {
        var start = offset
        for _ in 0..<scalars where start > 0 && text[start - 1] != UInt8(ascii: "\n") {
            start -= 1
            while encoding.isContinuation(text[start]), start > 0, text[start - 1] != UInt8(ascii: "\n") { start -= 1 }
        }
        return start
    }

    private func neighbor(endingAt end: Int, number: Int) -> Line? {
        var start = end
        while start > 0, text[start - 1] != UInt8(ascii: "\n") {
            start -= 1
            if end - start > 4 * width { return nil }
        }
        return neighbor(startingAt: start, number: number)
    }

    private func neighbor(startingAt start: Int, number: Int) -> Line? {
        let shown = show(from: start, marking: nil).text
        return shown.allSatisfy(\.isWhitespace) ? nil : Line(number: number, text: shown, mark: nil)
    }

    /// Up to ``width`` scalars of a line, and how many of them stand before `marked`.
    private func show(from start: Int, marking marked: Int?) -> (text: String, mark: Int?) {
        var shown = String.UnicodeScalarView()
        var mark: Int?
        var index = start
        if start > 0, text[start - 1] != UInt8(ascii: "\n") { shown.append("…") }
        while index < text.count, shown.count < width, text[index] != UInt8(ascii: "\n") {
            if let range = hiddenRange(at: index) {
                if let marked, range.contains(marked), marked >= index { mark = shown.count }
                shown.append(contentsOf: QuotingText.mask.unicodeScalars)
                index =
                    text[index..<min(range.upperBound, text.count)].firstIndex(of: UInt8(ascii: "\n"))
                    ?? min(range.upperBound, text.count)
                continue
            }
            if index == marked { mark = shown.count }
            let (scalar, length) = encoding.scalar(in: text, at: index)
            shown.append(scalar.isUnsafeToShow ? " " : scalar)
            index += length
        }
        if let marked, mark == nil { mark = marked >= index ? shown.count : 0 }
        if index < text.count, text[index] != UInt8(ascii: "\n") { shown.append("…") }
        var trimmed = String(shown)
        while trimmed.unicodeScalars.last == " ", trimmed.unicodeScalars.count > (mark ?? 0) {
            trimmed.unicodeScalars.removeLast()
        }
        return (trimmed, mark)
    }

    private func hiddenRange(at index: Int) -> Range<Int>? {
        var (low, high) = (0, hidden.count)
        while low < high {
            let middle = (low + high) / 2
            if hidden[middle].upperBound <= index { low = middle + 1 } else { high = middle }
        }
        return low < hidden.count && hidden[low].contains(index) ? hidden[low] : nil
    }

    /// Goes through the text once.
    private static func find(_ places: [Place], in text: [UInt8], _ encoding: TextEncoding) -> [Place: Int] {
        var wanted = Set(places).sorted { ($0.line, $0.column) < ($1.line, $1.column) }[...]
        var found: [Place: Int] = [:]
        var (line, column) = (1, 1)
        for index in 0..<text.count {
            guard let next = wanted.first else { break }
            let byte = text[index]
            if byte == UInt8(ascii: "\n") {
                // A column behind the end of the line is its end.
                while let next = wanted.first, next.line == line {
                    found[next] = index
                    wanted.removeFirst()
                }
                (line, column) = (line + 1, 1)
                continue
            }
            if encoding.isContinuation(byte) { continue }
            if next.line == line, next.column <= column {
                found[next] = index
                wanted.removeFirst()
            }
            column += 1
        }
        while let next = wanted.first, next.line == line {
            found[next] = text.count
            wanted.removeFirst()
        }
        return found
    }
}

/// How bytes are characters, as far as an excerpt has to know: in all of these, markup is ASCII.
private enum TextEncoding {
    case utf8
    /// A byte is a character.
    case singleByte
    /// Where markup is cannot be told.
    case unknown

    init(of text: [UInt8]) {
        let start = text.prefix(200)
        if start.contains(0) || start.starts(with: [0xFE, 0xFF]) || start.starts(with: [0xFF, 0xFE]) {
            self = .unknown
            return
        }
        let head = String(decoding: start, as: UTF8.self)
        guard head.contains("<?xml"), let declared = head.firstMatch(of: /encoding\s*=\s*["']([^"']*)["']/) else {
            self = .utf8
            return
        }
        let name = declared.1.lowercased()
        if ["utf-8", "utf8", "us-ascii", "ascii"].contains(name) {
            self = .utf8
        } else if name.hasPrefix("iso-8859-") || name.hasPrefix("windows-125") || name == "latin1" {
            self = .singleByte
        } else {
            self = .unknown
        }
    }

    func isContinuation(_ byte: UInt8) -> Bool { self != .singleByte && byte & 0xC0 == 0x80 }

    func scalar(in text: [UInt8], at index: Int) -> (Unicode.Scalar, length: Int) {
        let byte = text[index]
        if byte < 0x80 || self == .singleByte { return (Unicode.Scalar(byte), 1) }
        var parser = Unicode.UTF8.ForwardParser()
        var bytes = text[index...].prefix(4).makeIterator()
        switch parser.parseScalar(from: &bytes) {
        case .valid(let encoded): return (Unicode.UTF8.decode(encoded), encoded.count)
        case .error(let length): return ("\u{FFFD}", max(1, length))
        case .emptyInput: return ("\u{FFFD}", 1)
        }
    }
}
