import CLibXML2
import JSONText

/// What libxml2 says of a document that does not fit a schema, in words for people.
///
/// What it knows besides an error's code, such as the value and the bound, stands only in its sentence.
struct XMLSchemaWording {
    /// The constraint's name, as XML Schema or JSON Schema call it; `nil`: it has none.
    let keyword: String?
    /// The attribute that it is about, if it is not about the element itself.
    let attribute: String?
    private let code: CInt
    private let message: UnsafePointer<CChar>?

    init(_ error: xmlError) {
        code = error.code
        message = UnsafePointer(error.message)
        keyword = XMLSchemaWording.keywords[error.code]
        attribute = XMLSchemaWording.attribute(message)
    }

    /// It is about a value that is not of its type at all.
    var isAboutType: Bool { keyword == "type" }
    /// It is about a value.
    var isAboutValue: Bool { keyword.map { $0 == "type" || XMLSchemaWording.facets.contains($0) } ?? false }
    var isAboutNull: Bool { keyword == "nillable" }
    var isAboutContent: Bool { code == CInt(XML_SCHEMAV_ELEMENT_CONTENT.rawValue) }
    /// Its sentence holds the values of other elements.
    var isAboutKeys: Bool { code == CInt(XML_SCHEMAV_CVC_IDC.rawValue) }

    // MARK: Codes

    private static let facetCodes: [(xmlParserErrors, String)] = [
        (XML_SCHEMAV_CVC_LENGTH_VALID, "length"), (XML_SCHEMAV_CVC_MINLENGTH_VALID, "minLength"),
        (XML_SCHEMAV_CVC_MAXLENGTH_VALID, "maxLength"), (XML_SCHEMAV_CVC_MININCLUSIVE_VALID, "minInclusive"),
        (XML_SCHEMAV_CVC_MAXINCLUSIVE_VALID, "maxInclusive"), (XML_SCHEMAV_CVC_MINEXCLUSIVE_VALID, "minExclusive"),
        (XML_SCHEMAV_CVC_MAXEXCLUSIVE_VALID, "maxExclusive"), (XML_SCHEMAV_CVC_TOTALDIGITS_VALID, "totalDigits"),
        (XML_SCHEMAV_CVC_FRACTIONDIGITS_VALID, "fractionDigits"), (XML_SCHEMAV_CVC_PATTERN_VALID, "pattern"),
        (XML_SCHEMAV_CVC_ENUMERATION_VALID, "enumeration"),
    ]

    private static let otherCodes: [(xmlParserErrors, String)] = [
        (XML_SCHEMAV_CVC_DATATYPE_VALID_1_2_1, "type"), (XML_SCHEMAV_CVC_DATATYPE_VALID_1_2_2, "type"),
        (XML_SCHEMAV_CVC_DATATYPE_VALID_1_2_3, "type"), (XML_SCHEMAV_CVC_TYPE_3_1_1, "content"),
        (XML_SCHEMAV_CVC_TYPE_3_1_2, "content"), (XML_SCHEMAV_ELEMENT_CONTENT, "content"),
        (XML_SCHEMAV_CVC_COMPLEX_TYPE_2_1, "content"), (XML_SCHEMAV_CVC_COMPLEX_TYPE_2_2, "content"),
        (XML_SCHEMAV_CVC_COMPLEX_TYPE_2_3, "content"), (XML_SCHEMAV_CVC_COMPLEX_TYPE_3_2_1, "attribute"),
        (XML_SCHEMAV_CVC_COMPLEX_TYPE_3_2_2, "attribute"), (XML_SCHEMAV_CVC_COMPLEX_TYPE_4, "required"),
        (XML_SCHEMAV_CVC_ELT_3_1, "nillable"), (XML_SCHEMAV_CVC_IDC, "unique"),
    ]

    private static let facets = Set(facetCodes.map(\.1))
    private static let keywords = Dictionary(
        uniqueKeysWithValues: (facetCodes + otherCodes).map { (CInt($0.0.rawValue), $0.1) })

    // MARK: Sentences

    /// - Parameters:
    ///   - place: what the JSON Schema says of the value.
    ///   - type: the name of its type in the XML Schema, if it has one.
    func sentence(_ place: XMLPlace?, type: String?) -> String {
        let text = bare
        switch keyword {
        case "enumeration":
            if let (value, set) = between(text, "The value '", "' is not an element of the set {'", "'}.") {
                return
                    "\(quoted(value)) is not one of \(printable(set.split(separator: "', '").joined(separator: ", ")))"
            }
        case "minInclusive", "maxInclusive":
            let (word, bound) = keyword == "minInclusive" ? ("less", "minimum") : ("greater", "maximum")
            if let (value, limit) = between(
                text, "The value '", "' is \(word) than the \(bound) value allowed ('", "').")
            {
                return "\(printable(value)) is \(keyword == "minInclusive" ? "less" : "more") than \(printable(limit))"
            }
        case "minExclusive", "maxExclusive":
            let word = keyword == "minExclusive" ? "greater" : "less"
            if let (value, limit) = between(text, "The value '", "' must be \(word) than '", "'.") {
                return
                    "\(printable(value)) is not \(keyword == "minExclusive" ? "more" : "less") than \(printable(limit))"
            }
        case "length", "minLength", "maxLength":
            if let (length, limit) = between(text, "The value has a length of '", "'; this", "'."),
                let bound = limit.split(separator: "'").last
            {
                let most = keyword == "length" ? "" : keyword == "minLength" ? "at least " : "at most "
                return "the value has \(length) characters, but must have \(most)\(bound)"
            }
        case "pattern":
            if let (value, pattern) = between(text, "The value '", "' is not accepted by the pattern '", "'.") {
                if isNoNumber(value, place) { return notANumber(value) }
                return type.map { "\(quoted(value)) is not a valid \($0)" }
                    ?? "\(quoted(value)) does not match \(printable(pattern))"
            }
        case "type":
            if let (value, kind) = between(text, "'", "' is not a valid value of the ", "'.") {
                if isNoNumber(value, place) { return notANumber(value) }
                let name = kind.split(separator: "'").last.map {
                    $0.split(whereSeparator: { ":}".contains($0) }).last ?? $0
                }
                return "\(quoted(value)) is not a valid \(printable(name ?? "value"))"
            }
        default: break
        }
        return structure(text)
    }

    /// What is wrong with the elements themselves.
    private func structure(_ text: Substring) -> String {
        switch true {
        case isAboutNull: return "may not be null"
        case text.hasPrefix("Missing child element(s)."): return "is missing: \(expected(text))"
        case text.hasPrefix("This element is not expected."):
            let others = expected(text)
            return "the element is not expected here" + (others.isEmpty ? "" : "; what can stand here is \(others)")
        case text.contains("because the type definition is simple"):
            return "there are elements or attributes in it, where only text can be"
        default:
            var text = text
            if text.hasSuffix(".") { text.removeLast() }
            return printable(text.hasPrefix("The ") ? "the " + text.dropFirst(4) : text)
        }
    }

    /// The names behind `Expected is ( a )` or `Expected is one of ( a, b )`.
    private func expected(_ text: Substring) -> String {
        guard let (_, list) = between(text, "", "( ", " ).") else { return "" }
        let names = list.split(separator: ", ").map { $0.split(separator: "}").last ?? $0 }
        return printable(names.joined(separator: ", "), 300)
    }

    private func isNoNumber(_ value: Substring, _ place: XMLPlace?) -> Bool {
        guard let place, place.isNumber, !place.isText else { return false }
        return Array(value.utf8).withUnsafeBufferPointer { XMLNumber.json($0.trimmed) == nil }
    }

    private func notANumber(_ value: Substring) -> String {
        value.allSatisfy(\.isWhitespace)
            ? "is empty, but must be a number" : "\(quoted(value)) is not a number (written as 1.10, -5 or 1e2)"
    }

    private func quoted(_ value: Substring) -> String { "'\(printable(value, 60))'" }

    private func printable(_ text: some StringProtocol, _ limit: Int = 100) -> String {
        JSONEscaping.printable(text, limit: limit)
    }

    // MARK: libxml2's sentence

    /// Without the element before it, and the facet.
    private var bare: Substring {
        var text = Substring(message.map { String(cString: $0) } ?? "the value does not fit the schema")
        while text.last?.isNewline == true { text.removeLast() }
        if text.hasPrefix("Element '"), let end = text.firstRange(of: "': ") { text = text[end.upperBound...] }
        if text.hasPrefix("[facet '"), let end = text.firstRange(of: "'] ") { text = text[end.upperBound...] }
        return text
    }

    /// `Element 'a', attribute 'b': …`, the names with or without a namespace before them.
    private static func attribute(_ message: UnsafePointer<CChar>?) -> String? {
        guard let message else { return nil }
        let head = String(cString: message).prefix(1000)
        guard let end = head.firstRange(of: "': "), let start = head[..<end.lowerBound].firstRange(of: ", attribute '")
        else { return nil }
        let name = head[start.upperBound..<end.lowerBound]
        return String(name.split(separator: "}").last ?? name)
    }

    /// The two parts of a text around `middle`, without what stands at its ends.
    private func between(
        _ text: Substring, _ head: String, _ middle: String, _ tail: String
    ) -> (Substring, Substring)? {
        guard text.hasPrefix(head), text.hasSuffix(tail), let cut = text.firstRange(of: middle) else { return nil }
        let first = text.index(text.startIndex, offsetBy: head.count)
        let last = text.index(text.endIndex, offsetBy: -tail.count)
        guard first <= cut.lowerBound, cut.upperBound <= last else { return nil }
        return (text[first..<cut.lowerBound], text[cut.upperBound..<last])
    }
}
