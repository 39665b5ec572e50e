import CLibXML2

/// A start tag as the reader hands it over; good only until the handler returns.
struct XMLTag {
    /// The local name; namespaces do not count.
    let name: XMLName
    let space: XMLName?
    /// Where its `<` stands.
    let place: TextPlace
    /// `xsi:nil="true"`.
    let isNil: Bool
    /// Those of the record: none of namespaces, of XML itself or of XML Schema.
    let attributes: [XMLAttribute]
}

struct XMLAttribute {
    let name: XMLName
    /// As libxml2 hands it over: with every `&` written as `&#38;`.
    let raw: UnsafeBufferPointer<UInt8>

    var value: String {
        var bytes: [UInt8] = []
        appendValue(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// As XML Schema writes a boolean.
    var isTrue: Bool { raw.trimmed.elementsEqual("true".utf8) || raw.trimmed.elementsEqual("1".utf8) }

    func appendValue(to bytes: inout [UInt8]) {
        guard raw.contains(UInt8(ascii: "&")) else { return bytes.append(contentsOf: raw) }
        let escape = Array("&#38;".utf8)
        var at = 0
        while at < raw.count {
            bytes.append(raw[at])
            let isEscape = raw[at] == escape[0] && raw[at...].starts(with: escape)
            at += isEscape ? escape.count : 1
        }
    }
}
