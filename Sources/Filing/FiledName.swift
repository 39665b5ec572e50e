import FileSystem
import Model

/// The names that a drop and its sidecar get together (contract, section 2).
package struct FiledName: Sendable, Hashable {
    package let drop: FileName
    package let sidecar: FileName

    package init(_ drop: FileName) {
        self.drop = drop
        sidecar = drop.sidecar
    }

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
