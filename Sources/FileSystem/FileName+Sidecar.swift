import Crypto
import Model

extension FileName {
    /// What a file system takes, in bytes.
    package static let longest = 255

    /// The name of this drop's result. Where it would be too long, the stem is cut to 200 bytes and `~` with 8 digits
    /// of the name's hash stands for the rest (contract, section 2).
    package var sidecar: FileName {
        let suffix = Array(".result.json".utf8)
        if bytes.count + suffix.count <= FileName.longest { return FileName(bytes: bytes + suffix) }
        let digits = Array(SHA256.hash(data: bytes).prefix(4)).hex
        return FileName(bytes: bytes.prefix(200) + Array("~\(digits)".utf8) + suffix)
    }

    /// Whether a name is a result's; such a file is never a drop.
    package var isSidecar: Bool { hasSuffix(".result.json") }
}
