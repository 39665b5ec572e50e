import Model

/// How an XML document's bytes are to be read (XML 1.0, appendix F).
struct XMLEncoding {
    enum Form {
        case utf8, ascii
        /// One that iconv knows by this name.
        case other(String)
    }

    let form: Form
    /// The length of the byte order mark.
    let contentStart: Int
    /// The declaration names another encoding than the bytes show, in which they may be right nevertheless.
    private(set) var untrue: Unfit?

    /// How many of the first bytes tell the encoding.
    static let headBytes = 2048
    /// How much of the text may be an XML declaration.
    private static let declarationBytes = 256

    /// - Parameter head: the document's first ``headBytes``, or all of a shorter one.
    /// - Returns: a `parse.encoding` problem where the declaration cannot be true.
    static func of(head: [UInt8]) -> Result<XMLEncoding, Unfit> {
        let (family, start) = Family.of(head)
        let content = Array(head[start...])
        switch family {
        case .wide(let name): return wide(name, start, content)
        case .narrow(let isMarked):
            guard let declared = declaration(content) else { return .success(.init(form: .utf8, contentStart: start)) }
            let name = declared.uppercased()
            switch name {
            case "UTF-8", "UTF8": return .success(.init(form: .utf8, contentStart: start))
            case _ where isMarked: return .failure(untrue(declared, "UTF-8"))
            case _ where isWide(name): return .failure(untrue(declared, "an encoding of single bytes"))
            case "ASCII", "US-ASCII": return .success(.init(form: .ascii, contentStart: start))
            default: return .success(.init(form: .other(declared), contentStart: start))
            }
        }
    }

    private static func wide(_ name: String, _ start: Int, _ content: [UInt8]) -> Result<XMLEncoding, Unfit> {
        var encoding = XMLEncoding(form: .other(name), contentStart: start)
        do throws(Unfit) {
            let text = try XMLDecoder(encoding).decode(content)
            if let declared = declaration(text), !isWide(declared.uppercased()) {
                encoding.untrue = untrue(declared, String(name.dropLast(2)))
            }
        } catch {
            // It is found again, and said, when the whole is read.
        }
        return .success(encoding)
    }

    /// What the first bytes say: a byte order mark, else how `<` is written.
    private enum Family {
        case wide(String)
        /// One byte for an ASCII character; with the mark of UTF-8, or open.
        case narrow(isMarked: Bool)

        static func of(_ bytes: [UInt8]) -> (Family, contentStart: Int) {
            switch Array(bytes.prefix(4)) {
            case [0xFF, 0xFE, 0, 0]: (.wide("UTF-32LE"), 4)
            case [0, 0, 0xFE, 0xFF]: (.wide("UTF-32BE"), 4)
            case [0x3C, 0, 0, 0]: (.wide("UTF-32LE"), 0)
            case [0, 0, 0, 0x3C]: (.wide("UTF-32BE"), 0)
            case let head where head.starts(with: [0xEF, 0xBB, 0xBF]): (.narrow(isMarked: true), 3)
            case let head where head.starts(with: [0xFF, 0xFE]): (.wide("UTF-16LE"), 2)
            case let head where head.starts(with: [0xFE, 0xFF]): (.wide("UTF-16BE"), 2)
            case let head where head.starts(with: [0x3C, 0]): (.wide("UTF-16LE"), 0)
            case let head where head.starts(with: [0, 0x3C]): (.wide("UTF-16BE"), 0)
            default: (.narrow(isMarked: false), 0)
            }
        }
    }

    /// The encoding that the XML declaration names.
    private static func declaration(_ text: [UInt8]) -> String? {
        let head = String(decoding: text.prefix(declarationBytes), as: UTF8.self)
        guard let match = head.prefixMatch(of: /<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z][A-Za-z0-9._-]*)["']/) else {
            return nil
        }
        return String(match.1)
    }

    private static func isWide(_ name: String) -> Bool {
        ["UTF-16", "UTF16", "UTF-32", "UTF32", "UCS-2", "UCS-4", "ISO-10646"].contains { name.hasPrefix($0) }
    }

    private static func untrue(_ declared: String, _ actual: String) -> Unfit {
        let message = "the document says that its encoding is \(FileName.escaped(declared.utf8)), but it is \(actual)"
        return Unfit(
            problem: Problem(
                .parseEncoding, "Line 1, column 1: \(message)",
                findings: [Finding(line: 1, column: 1, message: message)]))
    }
}
