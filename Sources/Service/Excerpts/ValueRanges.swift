import JSONText

/// Where the values of sensitive fields stand in a document, by its marks alone: the document may be wrong in any way.
enum ValueRanges {
    /// Ascending, none within another.
    static func find(in text: [UInt8], of fields: SensitiveFields) -> [Range<Int>] {
        let first = text.first { !$0.isSpace && !($0 == 0xEF || $0 == 0xBB || $0 == 0xBF) }
        if first == UInt8(ascii: "<") {
            var reader = XMLMarks(text, fields)
            reader.read()
            return reader.ranges
        }
        var reader = JSONMarks(text, fields)
        reader.read()
        return reader.ranges
    }
}

extension UInt8 {
    fileprivate var isSpace: Bool { self == 0x20 || (0x09...0x0D).contains(self) }
}

private struct JSONMarks {
    let text: [UInt8]
    let fields: SensitiveFields
    private(set) var ranges: [Range<Int>] = []
    private var index = 0

    init(_ text: [UInt8], _ fields: SensitiveFields) {
        self.text = text
        self.fields = fields
    }

    mutating func read() {
        while index < text.count {
            let start = index
            switch text[index] {
            case UInt8(ascii: "\""):
                skipString()
                let end = index
                skipSpace()
                if index < text.count, text[index] == UInt8(ascii: ":") {
                    index += 1
                    if isSensitive(text[start..<end]) { hideValue() }
                } else if fields.hidesAll {
                    ranges.append(start..<end)
                }
            case let byte where fields.hidesAll && !byte.isSpace && !byte.isJSONMark:
                skipWord()
                ranges.append(start..<index)
            default: index += 1
            }
        }
    }

    private func isSensitive(_ quoted: ArraySlice<UInt8>) -> Bool {
        if fields.hidesAll { return true }
        if !quoted.contains(UInt8(ascii: "\\")) {
            return fields.contains(String(decoding: quoted.dropFirst().dropLast(), as: UTF8.self))
        }
        do throws(JSONSyntaxError) {
            return fields.contains(try JSONDocument(parsing: Array(quoted)).root.string ?? "")
        } catch {
            return true
        }
    }

    /// From behind the colon to the value's end.
    private mutating func hideValue() {
        skipSpace()
        let start = index
        guard start < text.count else { return }
        switch text[start] {
        case UInt8(ascii: "\""): skipString()
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            // What is in there is hidden whole, or, where all is, value by value, so that the places can be seen.
            if fields.hidesAll { return }
            var depth = 0
            repeat {
                switch text[index] {
                case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
                case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
                case UInt8(ascii: "\""):
                    skipString()
                    continue
                default: break
                }
                index += 1
            } while depth > 0 && index < text.count
        default: skipWord()
        }
        if index > start { ranges.append(start..<index) }
    }

    private mutating func skipString() {
        index += 1
        while index < text.count {
            switch text[index] {
            case UInt8(ascii: "\\"): index += 2
            case UInt8(ascii: "\""):
                index += 1
                return
            default: index += 1
            }
        }
        index = min(index, text.count)
    }

    private mutating func skipSpace() {
        while index < text.count, text[index].isSpace { index += 1 }
    }

    private mutating func skipWord() {
        while index < text.count, !text[index].isSpace, !text[index].isJSONMark { index += 1 }
    }
}

extension UInt8 {
    fileprivate var isJSONMark: Bool { "{}[],:".utf8.contains(self) }
}

private struct XMLMarks {
    let text: [UInt8]
    let fields: SensitiveFields
    private(set) var ranges: [Range<Int>] = []
    private var index = 0
    /// Where the value of a sensitive element began, and how deep the text is in it.
    private var start: Int?
    private var depth = 0

    init(_ text: [UInt8], _ fields: SensitiveFields) {
        self.text = text
        self.fields = fields
    }

    mutating func read() {
        while index < text.count {
            let here = index
            guard text[index] == UInt8(ascii: "<") else {
                index = text[index...].firstIndex(of: UInt8(ascii: "<")) ?? text.count
                if fields.hidesAll, let first = text[here..<index].firstIndex(where: { !$0.isSpace }) {
                    ranges.append(first..<index)
                }
                continue
            }
            if isAt("<!--") {
                skip(to: "-->")
                hide(here..<index)
            } else if isAt("<![CDATA[") {
                skip(to: "]]>")
                if fields.hidesAll { hide(here..<index) }
            } else if isAt("<?") {
                skip(to: "?>")
            } else if isAt("<!") {
                skip(to: ">")
                hide(here..<index)
            } else if isAt("</") {
                skip(to: ">")
                if start != nil { close(here) }
            } else {
                readStart()
            }
        }
        if let start { ranges.append(start..<text.count) }
    }

    private mutating func close(_ end: Int) {
        depth -= 1
        guard depth == 0, let begin = start else { return }
        start = nil
        if begin < end { ranges.append(begin..<end) }
    }

    /// A start tag, its attributes included.
    private mutating func readStart() {
        index += 1
        let isHidden = isSensitive(readName())
        while index < text.count, text[index] != UInt8(ascii: ">") {
            let before = index
            while index < text.count, text[index].isSpace || text[index] == UInt8(ascii: "/") { index += 1 }
            let name = readName()
            while index < text.count, text[index].isSpace || text[index] == UInt8(ascii: "=") { index += 1 }
            if index < text.count, text[index] == UInt8(ascii: "\"") || text[index] == UInt8(ascii: "'") {
                let quote = text[index]
                let begin = index + 1
                index = text[begin...].firstIndex(of: quote) ?? text.count
                if isHidden || isSensitive(name) { hide(begin..<index) }
                index = min(index + 1, text.count)
            }
            if index == before { index += 1 }
        }
        let isEmpty = index > 0 && index <= text.count && text[index - 1] == UInt8(ascii: "/")
        index = min(index + 1, text.count)
        if isEmpty { return }
        if start != nil {
            depth += 1
        } else if isHidden, !fields.hidesAll {
            (start, depth) = (index, 1)
        }
    }

    /// Without its prefix: local names count.
    private mutating func readName() -> ArraySlice<UInt8> {
        let begin = index
        while index < text.count, !text[index].isSpace, !"/>=\"'<".utf8.contains(text[index]) { index += 1 }
        let name = text[begin..<index]
        return name.lastIndex(of: UInt8(ascii: ":")).map { name[($0 + 1)...] } ?? name
    }

    private func isSensitive(_ name: ArraySlice<UInt8>) -> Bool {
        fields.contains(String(decoding: name, as: UTF8.self))
    }

    private mutating func hide(_ range: Range<Int>) {
        if start == nil, !range.isEmpty { ranges.append(range) }
    }

    private func isAt(_ mark: String) -> Bool { text[index...].starts(with: mark.utf8) }

    private mutating func skip(to mark: String) {
        let mark = Array(mark.utf8)
        while index < text.count, !text[index...].starts(with: mark) { index += 1 }
        index = min(index + mark.count, text.count)
    }
}
