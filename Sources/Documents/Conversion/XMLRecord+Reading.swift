import Model

extension XMLRecord {
    /// Calls `body` with each attribute and element in the one at `index`.
    @inline(__always)
    func forEachChild(of index: Int, _ body: (Int) -> Void) {
        var child = index + 1
        let end = Int(nodes[index].end)
        while child < end {
            if !nodes[child].form.contains(.dropped) { body(child) }
            child = Int(nodes[child].end)
        }
    }

    @inline(__always)
    func withText<R>(of index: Int, _ body: (UnsafeBufferPointer<UInt8>) -> R) -> R {
        let node = nodes[index]
        return text.withUnsafeBufferPointer { bytes in
            body(UnsafeBufferPointer(rebasing: bytes[Int(node.textStart)..<Int(node.textEnd)]))
        }
    }

    func string(of index: Int) -> String { withText(of: index) { String(decoding: $0, as: UTF8.self) } }

    /// Nothing but text.
    func isLeaf(_ index: Int) -> Bool { Int(nodes[index].end) == index + 1 }

    /// Neither fields nor text.
    func isEmpty(_ index: Int) -> Bool { isLeaf(index) && nodes[index].textStart == nodes[index].textEnd }

    /// Only white space, as XML counts it, stands between the tags.
    func isBlank(_ index: Int) -> Bool { withText(of: index) { $0.isXMLSpace } }

    /// What the record is about.
    func identity(_ kind: Kind, _ names: XMLNames) -> String? {
        for field in kind.identityFields {
            var identity = ""
            forEachChild(of: 0) { child in
                if identity.isEmpty, names[nodes[child].name] == field { identity = string(of: child) }
            }
            if !identity.isEmpty { return identity }
        }
        return nil
    }
}

extension UnsafeBufferPointer<UInt8> {
    /// Nothing but white space as XML counts it.
    var isXMLSpace: Bool { allSatisfy { $0.isXMLSpace } }

    /// Without the white space of XML around it.
    var trimmed: UnsafeBufferPointer<UInt8> {
        guard let first = firstIndex(where: { !$0.isXMLSpace }), let last = lastIndex(where: { !$0.isXMLSpace })
        else { return UnsafeBufferPointer(rebasing: self[0..<0]) }
        return UnsafeBufferPointer(rebasing: self[first...last])
    }
}

extension UInt8 {
    fileprivate var isXMLSpace: Bool { self == 0x20 || self == 0x09 || self == 0x0A || self == 0x0D }
}
