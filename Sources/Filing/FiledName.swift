import Crypto
import FileSystem
import Model

/// The names that a drop and its sidecar get together (contract, section 2).
package struct FiledName: Sendable, Hashable {
    package let drop: FileName

    package init(_ drop: FileName) {
        self.drop = drop
    }

    package var sidecar: FileName { drop.sidecar }

    /// A name that any file system takes, for a drop whose own one is refused: what is no ASCII letter, digit, `.`, `-` or
    /// `_` is written `%NN`, and where that is long, `~` with 8 digits of the name's hash stands for the rest.
    ///
    /// ```
    /// März:1.json ──▶ M%C3%A4rz%3A1.json
    /// ```
    package static func plain(_ name: FileName) -> FileName {
        let escaped = name.bytes.flatMap { byte -> [UInt8] in
            let isPlain =
                UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte || UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte
                || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte || Array(".-_".utf8).contains(byte)
            return isPlain ? [byte] : Array("%".utf8) + Array([byte].hex.uppercased().utf8)
        }
        guard escaped.count > longestPlain else { return FileName(bytes: escaped) }
        let (stem, suffix) = FileName(bytes: escaped).split
        let mark = Array("~\(Array(SHA256.hash(data: name.bytes).prefix(4)).hex)".utf8)
        let kept = suffix.count <= 16 ? suffix : []
        return FileName(bytes: Array(stem.prefix(longestPlain - mark.count - kept.count)) + mark + kept)
    }

    /// With a number and the sidecar's ending it still fits where names are shortest (eCryptfs: 143 bytes).
    private static let longestPlain = 120

    /// The name itself, then with 2, 3, … before its extension.
    package static func candidate(_ name: FileName, number: Int) -> FiledName {
        guard number > 1 else { return FiledName(name) }
        let (stem, suffix) = name.split
        let mark = Array(".\(number)".utf8)
        // A long stem gives way to the number.
        let kept = stem.prefix(max(1, FileName.longest - mark.count - suffix.count))
        return FiledName(FileName(bytes: (Array(kept) + mark + suffix).prefix(FileName.longest)))
    }
}
