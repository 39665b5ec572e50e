import SystemPackage
import Yams

/// What every part of the reader needs to know.
struct ReadingContext {
    let log: ProblemLog
    /// The names that stand for keys that are written again later; see `YAMLDocument`.
    let repeated: [String: String]
    /// Relative paths of the file start here.
    let directory: FilePath
}

/// One value of the file, with its key path and the place where an error about it points.
///
/// Its readers return `nil` after they have noted what is wrong, so that reading can go on.
struct Field {
    let node: Node
    /// Of the key in a mapping, of the element in a list.
    let place: Place
    /// `inboxes[0].settle`
    let path: String
    let context: ReadingContext

    func problem(_ message: String) {
        context.log.add(message, at: place, key: path)
    }

    /// The value in quotes, cut to a readable length.
    var quoted: String {
        let text = node.scalar?.string ?? ""
        let shown = text.unicodeScalars.prefix(60).map { scalar in
            scalar.properties.generalCategory == .control ? " " : String(scalar)
        }
        return "\"\(shown.joined())\(text.unicodeScalars.count > 60 ? "…" : "")\""
    }

    /// The written text of a scalar, quoted or not; what YAML 1.1 would make of `no` or `07:00` does not count.
    func text() -> String? {
        guard let scalar = scalar(expected: "a text") else { return nil }
        guard !scalar.string.isEmpty else {
            problem("is empty")
            return nil
        }
        guard !scalar.string.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
            problem("holds a control character or a line end")
            return nil
        }
        return scalar.string
    }

    func integer(in range: ClosedRange<Int>, or word: String? = nil) -> Int? {
        let words = word.map { " or \($0)" } ?? ""
        guard let scalar = scalar(expected: "a whole number\(words)") else { return nil }
        guard scalar.style == .plain else {
            problem("\(quoted) is a text; write a whole number\(words) without quotes")
            return nil
        }
        guard scalar.string.wholeMatch(of: /[+-]?[0-9]+/) != nil else {
            problem("\(quoted) is not a whole number\(word.map { " and not \($0)" } ?? "")")
            return nil
        }
        guard let number = Int(scalar.string), range.contains(number) else {
            problem("\(scalar.string) is not possible; write \(range.lowerBound) to \(range.upperBound)\(words)")
            return nil
        }
        return number
    }

    func boolean() -> Bool? {
        guard let scalar = scalar(expected: "true or false") else { return nil }
        switch (scalar.style, scalar.string) {
        case (.plain, "true"): return true
        case (.plain, "false"): return false
        default:
            problem("\(quoted) is not true or false")
            return nil
        }
    }

    /// One of the words of an enum.
    func choice<Choice: RawRepresentable<String> & CaseIterable>(_: Choice.Type = Choice.self) -> Choice? {
        let words = Choice.allCases.map(\.rawValue)
        guard let scalar = scalar(expected: words.alternatives) else { return nil }
        if let choice = Choice(rawValue: scalar.string) { return choice }
        let hint = scalar.string.nearest(among: words).map { "; did you mean \($0)?" } ?? ""
        problem("\(quoted) is not \(words.alternatives)\(hint)")
        return nil
    }

    /// The scalar itself, unless it is missing or not one.
    func scalar(expected: String) -> Node.Scalar? {
        switch node {
        case .scalar(let scalar) where scalar.isNull:
            problem("has no value; \(expected) is expected (leave the key out for the default)")
        case .scalar(let scalar):
            return scalar
        case .sequence:
            problem("is a list; \(expected) is expected")
        case .mapping, .alias:
            problem("is a mapping; \(expected) is expected")
        }
        return nil
    }
}

extension Node.Scalar {
    /// Nothing, or one of the words that YAML has for it.
    var isNull: Bool {
        style == .plain && ["", "~", "null", "Null", "NULL"].contains(string)
    }
}

extension [String] {
    /// `a, b or c`
    var alternatives: String {
        guard let last, count > 1 else { return first ?? "" }
        return dropLast().joined(separator: ", ") + " or " + last
    }
}
