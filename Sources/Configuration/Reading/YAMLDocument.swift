import Yams

/// A YAML text as a tree in which every key has its place, duplicate keys too.
///
/// The parser stops at the first duplicate key and tells only where it first stood. So that all of them are found, that
/// one is renamed in the text, to a name of the same length that nobody can have meant, and the text is parsed again.
struct YAMLDocument {
    /// `nil`: the text holds nothing but comments.
    let root: Node?
    /// Of the keys that are written again later: the name that stands in the tree for them, and their own.
    let repeated: [String: String]

    init(_ yaml: String, log: ProblemLog) throws(ConfigurationError) {
        var text = yaml
        var repeated: [String: String] = [:]
        while true {
            do {
                root = try Parser(yaml: text, resolver: .basic, encoding: .utf8).singleRoot()
                self.repeated = repeated
                return
            } catch YamlError.duplicatedKeysInMapping(let keys, let context) {
                let (key, place) = (keys.first ?? "", Place(context.mark))
                guard let renamed = text.renaming(key: key, at: place, turn: repeated.count) else {
                    throw log.stop("\"\(key)\" is set twice in the same mapping", at: place)
                }
                text = renamed.text
                repeated[renamed.name] = key
            } catch {
                throw Self.explain(error, in: text, log: log)
            }
        }
    }

    /// The parser's words without the line of the file that it would quote: it may hold a secret.
    private static func explain(_ error: any Error, in text: String, log: ProblemLog) -> ConfigurationError {
        switch error as? YamlError {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _):
            let place = context.map { " (\($0.text) that began in line \($0.mark.line))" } ?? ""
            return log.stop("not YAML: \(problem)\(place)", at: Place(mark))
        case .composer(let context, let problem, let mark, _):
            return log.stop("not YAML: \(context.map { "\($0.text), " } ?? "")\(problem)", at: Place(mark))
        case .reader(let problem, let offset, _, _):
            return log.stop("not YAML: \(problem)", at: offset.flatMap(text.place(ofCharacter:)))
        default:
            return log.stop("not YAML: the parser gave up", at: nil)
        }
    }
}

extension String {
    /// The text with the key at a place replaced by a private-use character, as often as the key has scalars; `nil`
    /// where the key is not written there plainly.
    fileprivate func renaming(key: String, at place: Place, turn: Int) -> (text: String, name: String)? {
        guard turn < 0x1000, let substitute = Unicode.Scalar(UInt32(0xE000 + turn)) else { return nil }
        var scalars = unicodeScalars
        guard var start = scalars.index(of: place) else { return nil }
        if let quote = scalars[start...].first, quote == "\"" || quote == "'" {
            start = scalars.index(after: start)
        }
        guard !key.isEmpty, scalars[start...].starts(with: key.unicodeScalars) else { return nil }
        let count = key.unicodeScalars.count
        let end = scalars.index(start, offsetBy: count)
        let name = String(String.UnicodeScalarView(repeatElement(substitute, count: count)))
        scalars.replaceSubrange(start..<end, with: name.unicodeScalars)
        return (String(scalars), name)
    }

    fileprivate func place(ofCharacter offset: Int) -> Place? {
        guard let index = index(startIndex, offsetBy: offset, limitedBy: endIndex) else { return nil }
        let lines = self[..<index].split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        return Place(line: lines.count, column: (lines.last?.unicodeScalars.count ?? 0) + 1)
    }
}

extension String.UnicodeScalarView {
    /// Where a place of the text is, with the line ends that YAML 1.1 knows.
    fileprivate func index(of place: Place) -> Index? {
        var (line, position) = (1, startIndex)
        while line < place.line {
            guard position < endIndex else { return nil }
            let scalar = self[position]
            formIndex(after: &position)
            switch scalar {
            case "\r":
                if position < endIndex, self[position] == "\n" { formIndex(after: &position) }
                line += 1
            case "\n", "\u{85}", "\u{2028}", "\u{2029}": line += 1
            default: break
            }
        }
        return index(position, offsetBy: place.column - 1, limitedBy: endIndex)
    }
}
