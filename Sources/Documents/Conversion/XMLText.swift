import Model

/// An XML document's text in UTF-8, whatever encoding it came in.
struct XMLText {
    /// Without a byte order mark.
    let utf8: [UInt8]
    /// The bytes end inside a character, which is left out: more had to come.
    let isCut: Bool

    /// - Returns: a `parse.encoding` problem where the bytes are not what they say.
    static func decode(_ bytes: [UInt8]) -> Result<XMLText, Unfit> {
        XMLEncoding.of(head: Array(bytes.prefix(XMLEncoding.headBytes))).flatMap { encoding in
            do throws(Unfit) {
                let decoder = try XMLDecoder(encoding)
                let start = encoding.contentStart
                var text = try decoder.decode(start == 0 ? bytes : Array(bytes[start...]))
                let end = try decoder.finish()
                if !end.isEmpty { text += end }
                if let untrue = encoding.untrue { return .failure(untrue) }
                return .success(XMLText(utf8: text, isCut: decoder.isCut))
            } catch {
                return .failure(error)
            }
        }
    }
}
