import Crypto
import Model

/// The names that a drop and its sidecar get together (contract, section 2).
package struct FiledName: Sendable, Hashable {
    package static let sidecarSuffix = ".result.json"
    /// What a file system takes, in bytes.
    static let longest = 255

    package let drop: FileName
    package let sidecar: FileName

    package init(_ drop: FileName) {
        self.drop = drop
        sidecar = FiledName.sidecar(of: drop)
    }

    /// The name itself, then with 2, 3, … before its extension.
    package static func candidate(_ name: FileName, number: Int) -> FiledName {
        guard number > 1 else { return FiledName(name) }
        let (stem, suffix) = name.split
        let mark = Array(".\(number)".utf8)
        // A long stem gives way to the number.
        let kept = stem.prefix(max(1, longest - mark.count - suffix.count))
        return FiledName(FileName(bytes: (Array(kept) + mark + suffix).prefix(longest)))
    }

    /// Where the sidecar's name would be too long, its stem is cut and 8 digits of the name's hash stand for the rest.
    private static func sidecar(of name: FileName) -> FileName {
        let suffix = Array(sidecarSuffix.utf8)
        if name.bytes.count + suffix.count <= longest { return FileName(bytes: name.bytes + suffix) }
        let digits = Array(SHA256.hash(data: name.bytes).prefix(4)).hex
        return FileName(bytes: name.bytes.prefix(200) + Array("~\(digits)".utf8) + suffix)
    }
}
