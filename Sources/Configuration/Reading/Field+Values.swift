import SystemPackage
import Yams

extension Field {
    /// A duration of at least `minimum`, and of no more than 100 years, so that sums cannot overflow.
    func duration(atLeast minimum: Duration, atMost maximum: Duration = .seconds(36_500 * 86_400)) -> Duration? {
        guard let scalar = scalar(expected: "a duration") else { return nil }
        guard let duration = Duration(text: scalar.string) else {
            problem("\(quoted) is not a duration; write 500ms, 1s, 5m, 2h or 90d")
            return nil
        }
        guard duration >= minimum else {
            problem("\(scalar.string) is too short; at least \(minimum.shortText) is possible")
            return nil
        }
        guard duration <= maximum else {
            problem("\(scalar.string) is too long; at most \(maximum.shortText) is possible")
            return nil
        }
        return duration
    }

    func bytes(in range: ClosedRange<ByteCount>) -> ByteCount? {
        guard let scalar = scalar(expected: "a size") else { return nil }
        guard let size = ByteCount(text: scalar.string) else {
            problem("\(quoted) is not a size; write 30MB (30,000,000), 30MiB (31,457,280) or a number of bytes")
            return nil
        }
        guard range.contains(size) else {
            problem("\(scalar.string) is not possible; write \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return size
    }

    /// A path; a relative one starts at the folder of the configuration file.
    func filePath() -> FilePath? {
        guard let text = text() else { return nil }
        return context.directory.pushing(FilePath(text)).lexicallyNormalized()
    }

    /// The elements for which `read` returned something.
    func list<Element>(of what: String, _ read: (Field) -> Element?) -> [Element]? {
        switch node {
        case .sequence(let sequence):
            return sequence.enumerated().compactMap { index, node in
                read(
                    Field(
                        node: node, place: node.mark.map { Place($0) } ?? place, path: "\(path)[\(index)]",
                        context: context))
            }
        case .scalar(let scalar) where scalar.isNull:
            problem("has no value; a list of \(what) is expected (leave the key out for the default)")
        case .scalar, .alias:
            problem("is not a list; write \(what) in [brackets]")
        case .mapping:
            problem("is a mapping; a list of \(what) is expected")
        }
        return nil
    }

    /// Whether this is a list with nothing in it.
    var isEmptyList: Bool { node.sequence?.isEmpty == true }

    /// Whether a single word stands here.
    func says(_ word: String) -> Bool { node.scalar?.string == word }

    /// A list of texts, none of them twice, at least one unless empty lists make sense.
    func texts(of what: String, mayBeEmpty: Bool = false) -> [String]? {
        var seen: Set<String> = []
        let texts = list(of: what) { element -> String? in
            guard let text = element.text() else { return nil }
            if !seen.insert(text).inserted { element.problem("\(element.quoted) is in the list twice") }
            return text
        }
        if isEmptyList, !mayBeEmpty {
            problem("is an empty list; it needs \(what)")
        }
        return texts
    }

    /// A program and its arguments. Arguments may be empty and are never shown.
    func commandLine() -> [String]? {
        guard
            let words = list(
                of: "a program and its arguments",
                { element -> String? in element.scalar(expected: "a text")?.string })
        else { return nil }
        guard let program = words.first, !program.isEmpty else {
            problem("names no program; write [PROGRAM, ARGUMENT…]")
            return nil
        }
        guard !words.contains(where: { $0.unicodeScalars.contains("\0") }) else {
            problem("holds a NUL character, which no program can be given")
            return nil
        }
        return words
    }
}

extension Duration {
    /// Reads `500ms`, `1s`, `5m`, `2h` or `90d`; `nil` for anything else, and for more than 2⁶³ milliseconds.
    init?(text: String) {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let units = ["ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000] as [String: Int64]
        guard let count = Int64(digits), let unit = units[String(text.dropFirst(digits.count))] else { return nil }
        let (milliseconds, isOver) = count.multipliedReportingOverflow(by: unit)
        guard !isOver else { return nil }
        self = .milliseconds(milliseconds)
    }

    /// The shortest exact form: `500ms`, `90d`.
    package var shortText: String {
        let units: [(String, Duration)] = [
            ("d", .seconds(86_400)), ("h", .seconds(3600)), ("m", .seconds(60)), ("s", .seconds(1)),
        ]
        for (unit, length) in units where self >= length {
            let count = Int64(self / length)
            if length * count == self { return "\(count)\(unit)" }
        }
        return "\(Int64(self / .milliseconds(1)))ms"
    }
}
