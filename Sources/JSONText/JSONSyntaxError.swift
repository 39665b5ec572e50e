/// Why a text is not JSON, and where. It never quotes the text's values.
public struct JSONSyntaxError: Error, Sendable {
    /// What is wrong.
    public enum Reason: Sendable, Hashable {
        /// The text ends where more had to come.
        case unexpectedEnd
        /// Something else stands where a value has to.
        case valueExpected
        /// Something else stands where a key in quotation marks has to.
        case keyExpected
        /// Something else stands where the colon after a key has to.
        case colonExpected
        /// In an array, something else stands where a comma or the closing bracket has to.
        case commaOrBracketExpected
        /// In an object, something else stands where a comma or the closing brace has to.
        case commaOrBraceExpected
        /// More text follows the document's value.
        case textAfterEnd
        /// Bytes that are not UTF-8.
        case invalidUTF8
        /// The text is in UTF-16 or UTF-32.
        case otherEncoding
        /// A control character inside a string, not escaped; its code.
        case controlCharacter(UInt8)
        /// A backslash with something after it that JSON does not know.
        case invalidEscape
        /// Half of a surrogate pair alone.
        case loneSurrogate
        /// A number that begins with a zero and goes on.
        case leadingZero
        /// A number that breaks off: no digit after its sign, point or exponent.
        case digitExpected
        /// An exponent of more than 18 digits, as it stands there or with one digit before the point.
        case exponentTooLong
        /// A key that its object has already; the key.
        case duplicateKey(String)
        /// More arrays and objects are open at once than allowed; the limit.
        case tooDeep(Int)
        /// The text has 1 GiB or more.
        case tooLarge
    }

    /// What is wrong.
    public let reason: Reason
    /// The byte it was found at.
    public let offset: Int
    /// The line and column of that byte.
    public let position: JSONPosition

    init(_ reason: Reason, offset: Int, in text: [UInt8]) {
        self.reason = reason
        self.offset = offset
        var lines = LineIndex()
        position = text.withUnsafeBufferPointer { lines.position(ofByte: offset, in: $0) }
    }

    /// The text ends where more had to come: it may be an interrupted upload.
    public var isUnfinished: Bool { reason == .unexpectedEnd }

    /// The bytes are not UTF-8, so that it is the encoding that is wrong rather than the JSON.
    public var isEncoding: Bool { reason == .invalidUTF8 || reason == .otherEncoding }

    /// One plain sentence, without the position.
    public var message: String {
        switch reason {
        case .unexpectedEnd: "the text ends before the document does"
        case .valueExpected: "a value is expected here"
        case .keyExpected: "a key in quotation marks is expected here"
        case .colonExpected: "a colon is expected after the key"
        case .commaOrBracketExpected: "a comma or a closing ] is expected here"
        case .commaOrBraceExpected: "a comma or a closing } is expected here"
        case .textAfterEnd: "there is more text after the end of the document"
        case .invalidUTF8: "these bytes are not UTF-8"
        case .otherEncoding: "the text is in UTF-16 or UTF-32, not in UTF-8"
        case .controlCharacter(0x0A), .controlCharacter(0x0D): "a line ends inside a string: a closing \" is missing"
        case .controlCharacter(let code):
            "the control character \(JSONEscaping.controlEscape(code)) must be escaped in a string"
        case .invalidEscape: "the backslash begins an escape that JSON does not know"
        case .loneSurrogate: "the \\u escape is half of a surrogate pair and lacks its other half"
        case .leadingZero: "a number must not begin with a superfluous zero"
        case .digitExpected: "a digit is expected here"
        case .exponentTooLong: "the number's exponent has more than 18 digits"
        case .duplicateKey(let key): "the key \"\(JSONEscaping.printable(key, limit: 80))\" stands twice in this object"
        case .tooDeep(let limit): "arrays and objects are nested more than \(limit) deep"
        case .tooLarge: "the text has 1 GiB or more"
        }
    }
}
