import Model

/// The name of the marker that a sender puts beside a drop to say that it is whole: `{name}.ready`.
package struct MarkerPattern: Sendable, Hashable {
    private let before: [UInt8]
    private let after: [UInt8]

    /// - Returns: `nil` for a text that is no name with `{name}` and something more in it.
    package init?(_ text: String) {
        let pieces = text.split(separator: "{name}", omittingEmptySubsequences: false)
        guard pieces.count == 2, !(pieces[0].isEmpty && pieces[1].isEmpty) else { return nil }
        before = Array(pieces[0].utf8)
        after = Array(pieces[1].utf8)
    }

    package func marker(of drop: FileName) -> FileName {
        FileName(bytes: before + drop.bytes + after)
    }

    /// The drop that a marker speaks of; `nil` for a name that is no marker's.
    package func drop(of marker: FileName) -> FileName? {
        let bytes = marker.bytes
        guard bytes.count > before.count + after.count, bytes.starts(with: before),
            bytes.suffix(after.count).elementsEqual(after)
        else { return nil }
        return FileName(bytes: bytes[before.count..<(bytes.count - after.count)])
    }
}
