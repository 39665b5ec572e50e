import JSONText

extension Wording {
    func logic(_ finding: Finding) -> LogicRule { program.logics[program.nodes[finding.schema].logic] }
    func number(_ finding: Finding) -> NumberRule { program.numbers[program.nodes[finding.schema].number] }
    func string(_ finding: Finding) -> StringRule { program.strings[program.nodes[finding.schema].string] }

    func bound(_ bound: NumberBound) -> String {
        JSONEscaping.printable(program.decimals[Int(bound.decimal)].description, limit: 60)
    }

    func name(_ index: Int) -> String { JSONEscaping.printable(program.name(Int32(index)), limit: 100) }

    func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }

    static func joined(_ parts: [String], _ conjunction: String) -> String {
        guard parts.count > 1, let last = parts.last else { return parts.first ?? "nothing" }
        return parts.dropLast().joined(separator: ", ") + " \(conjunction) " + last
    }

    /// A value as a message shows it: strings in quotation marks and cut, containers by name only, since fields inside
    /// them may be sensitive.
    func quoted(_ node: Int) -> String {
        let word = tree.word(node)
        switch word.tag {
        case JSONWord.Tag.array: return "the array"
        case JSONWord.Tag.object: return "the object"
        case JSONWord.Tag.string:
            return "'" + JSONEscaping.printable(JSONEscaping.decode(tree.text, word), limit: 60) + "'"
        default:
            let text = UnsafeBufferPointer(start: tree.text + word.start, count: word.length)
            return JSONEscaping.printable(String(decoding: text, as: UTF8.self), limit: 60)
        }
    }

    /// Values of the schema, as a list.
    func list(_ values: [JSONValue]) -> String {
        let shown = values.prefix(12).map { value in
            switch value.kind {
            case .string: JSONEscaping.printable(value.string ?? "", limit: 60)
            default: JSONEscaping.printable(String(decoding: value.canonicalBytes(), as: UTF8.self), limit: 60)
            }
        }
        return shown.joined(separator: ", ") + (values.count > shown.count ? ", … (\(values.count) in all)" : "")
    }
}

/// Finds what someone may have meant to write.
enum Suggestion {
    static func closest(to text: String, among candidates: [String]) -> String? {
        let given = Array(text.unicodeScalars.prefix(65))
        guard (1...64).contains(given.count) else { return nil }
        var best: (distance: Int, candidate: String)?
        for candidate in candidates.prefix(500) {
            let scalars = Array(candidate.unicodeScalars.prefix(65))
            guard (1...64).contains(scalars.count), abs(scalars.count - given.count) <= 3 else { continue }
            let distance = candidate.lowercased() == text.lowercased() ? 0 : distance(given, scalars)
            guard distance <= min(3, scalars.count / 3), distance < best?.distance ?? .max else { continue }
            best = (distance, candidate)
        }
        return best?.candidate
    }

    /// Insertions, deletions, substitutions and swaps of neighbours (optimal string alignment).
    private static func distance(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Int {
        var rows = [Array(0...right.count)]
        for i in 1...left.count {
            var row = [i]
            for j in 1...right.count {
                let cost = left[i - 1] == right[j - 1] ? 0 : 1
                var value = min(rows[i - 1][j] + 1, row[j - 1] + 1, rows[i - 1][j - 1] + cost)
                if i > 1, j > 1, left[i - 1] == right[j - 2], left[i - 2] == right[j - 1] {
                    value = min(value, rows[i - 2][j - 2] + 1)
                }
                row.append(value)
            }
            rows.append(row)
        }
        return rows[left.count][right.count]
    }
}
