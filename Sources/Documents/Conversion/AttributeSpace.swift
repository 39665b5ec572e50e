import CLibXML2

/// Whose an attribute is: a record's, or one that speaks of the XML itself.
enum AttributeSpace {
    /// `xsi:nil`, `xsi:type` and the like.
    case schemaInstance
    /// `xml:lang` and the like.
    case xml
    case other

    /// By the namespace, or where the document declares none for it, by the usual prefix.
    init(prefix: UnsafePointer<xmlChar>?, uri: UnsafePointer<xmlChar>?) {
        switch (uri.map { String(cString: $0) }, prefix.map { String(cString: $0) }) {
        case ("http://www.w3.org/2001/XMLSchema-instance", _), (nil, "xsi"): self = .schemaInstance
        case ("http://www.w3.org/XML/1998/namespace", _): self = .xml
        default: self = .other
        }
    }
}
