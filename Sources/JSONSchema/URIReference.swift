/// A URI reference taken apart and resolved (RFC 3986, sections 3 and 5.2), on text alone.
struct URIReference {
    var scheme: String?
    var authority: String?
    var path = ""
    var query: String?
    var fragment: String?

    init(_ text: String) {
        var rest = Substring(text)
        if let hash = rest.firstIndex(of: "#") {
            fragment = String(rest[rest.index(after: hash)...])
            rest = rest[..<hash]
        }
        if let mark = rest.firstIndex(of: "?") {
            query = String(rest[rest.index(after: mark)...])
            rest = rest[..<mark]
        }
        if let colon = rest.firstIndex(of: ":"), rest[..<colon].first?.isLetter == true, !rest[..<colon].contains("/") {
            scheme = String(rest[..<colon])
            rest = rest[rest.index(after: colon)...]
        }
        if rest.hasPrefix("//") {
            rest = rest.dropFirst(2)
            let end = rest.firstIndex(of: "/") ?? rest.endIndex
            authority = String(rest[..<end])
            rest = rest[end...]
        }
        path = String(rest)
    }

    /// `text` seen from `base`.
    static func resolve(_ text: String, against base: String) -> URIReference {
        var result = URIReference(text)
        guard result.scheme == nil else {
            result.path = removeDots(result.path)
            return result
        }
        let base = URIReference(base)
        result.scheme = base.scheme
        guard result.authority == nil else {
            result.path = removeDots(result.path)
            return result
        }
        result.authority = base.authority
        if result.path.isEmpty {
            result.path = base.path
            if result.query == nil { result.query = base.query }
        } else if result.path.hasPrefix("/") {
            result.path = removeDots(result.path)
        } else {
            let folder = base.path.lastIndex(of: "/").map { base.path[...$0] } ?? (base.authority == nil ? "" : "/")
            result.path = removeDots(folder + result.path)
        }
        return result
    }

    private static func removeDots(_ path: String) -> String {
        guard path.contains(".") else { return path }
        var output: [Substring] = []
        let segments = path.split(separator: "/", omittingEmptySubsequences: false)
        for (index, segment) in segments.enumerated() {
            let isLast = index == segments.count - 1
            switch segment {
            case ".": if isLast { output.append("") }
            case "..":
                if output.count > 1 || (output.count == 1 && output[0] != "") { output.removeLast() }
                if isLast { output.append("") }
            default: output.append(segment)
            }
        }
        return output.joined(separator: "/")
    }

    /// The reference as text, without its fragment.
    var withoutFragment: String {
        (scheme.map { $0 + ":" } ?? "") + (authority.map { "//" + $0 } ?? "") + path + (query.map { "?" + $0 } ?? "")
    }

    /// The fragment with its percent escapes undone.
    var decodedFragment: String {
        guard let fragment, fragment.contains("%") else { return fragment ?? "" }
        var bytes: [UInt8] = []
        let source = Array(fragment.utf8)
        var at = 0
        while at < source.count {
            if source[at] == UInt8(ascii: "%"), at + 2 < source.count,
                let byte = UInt8(String(decoding: source[at + 1...at + 2], as: UTF8.self), radix: 16)
            {
                bytes.append(byte)
                at += 3
            } else {
                bytes.append(source[at])
                at += 1
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
