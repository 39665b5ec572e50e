import Model

/// One element of a record, as it was read.
struct XMLElement: Sendable {
    /// The local name; namespaces do not count.
    var name: String
    /// Where its `<` stands.
    let offset: Int
    /// The namespace, for a schema that asks for one.
    var space: String?
    /// Attributes but those of namespaces and of XML Schema, in their order.
    var attributes: [(name: String, value: String)] = []
    /// `xsi:nil="true"`.
    var isNil = false
    var children: [XMLElement] = []
    var text = ""
    /// JSON text that is written as it stands, for a constant.
    var literal: String?

    /// Text beside elements says something that no field can hold.
    var isMixed: Bool { !children.isEmpty && !isBlank }

    /// Only white space, as XML counts it, stands between the tags.
    var isBlank: Bool {
        for byte in text.utf8 where byte != 0x20 && byte != 0x09 && byte != 0x0A && byte != 0x0D { return false }
        return true
    }

    /// Neither fields nor text.
    var isEmpty: Bool { isLeaf && text.isEmpty }

    /// Nothing but text.
    var isLeaf: Bool { children.isEmpty && attributes.isEmpty }

    /// What a record of this form is about.
    func identity(_ kind: Kind) -> String? {
        for name in kind.identityFields {
            let child = children.first { $0.name == name }
            if let text = child?.text ?? attributes.first(where: { $0.name == name })?.value, !text.isEmpty {
                return text
            }
        }
        return nil
    }
}

extension String {
    /// Without the white space of XML around it.
    var trimmingSpaces: String {
        let isSpace = { (byte: UInt8) in byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D }
        guard let first = utf8.firstIndex(where: { !isSpace($0) }), let last = utf8.lastIndex(where: { !isSpace($0) })
        else { return "" }
        return String(self[first...last])
    }
}
