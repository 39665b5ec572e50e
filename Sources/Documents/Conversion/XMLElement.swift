/// One element of a record, as it was read.
struct XMLElement: Sendable {
    /// The local name; namespaces do not count.
    var name: String
    /// Where its `<` stands.
    let offset: Int
    /// Attributes but those of namespaces and of XML Schema, in their order.
    var attributes: [(name: String, value: String)] = []
    /// `xsi:nil="true"`.
    var isNil = false
    var children: [XMLElement] = []
    var text = ""
    /// JSON text that is written as it stands, for a constant.
    var literal: String?

    /// Text beside elements says something that no field can hold.
    var isMixed: Bool { !children.isEmpty && text.contains { !$0.isWhitespace } }

    /// Nothing but text.
    var isLeaf: Bool { children.isEmpty && attributes.isEmpty }
}
