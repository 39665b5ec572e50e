import Crypto
import JSONText
import Model

/// SHA-256 over a document's canonical content: the converted array as RFC 8785 writes it, numbers exact.
struct ContentHash {
    /// The reference that the content gives, with what the inbox adds to it.
    let content: String
    /// The reference that the bare content gives.
    let plain: String
    /// What was added: nothing, the drop's name, or the day.
    let addition: [UInt8]

    init(_ shape: DocumentShape, _ sameness: DocumentRules.Sameness, _ origin: DocumentOrigin) {
        var hash = SHA256()
        shape.array?.canonicalize { hash.update(bufferPointer: $0) }
        plain = ContentHash.derived(shape.kind, hash.finalize())
        addition =
            switch sameness {
            case .content: []
            case .contentAndName: origin.name.bytes
            case .contentAndDay: Array(origin.day.utf8)
            }
        // A NUL stands in no JSON text, so content and addition cannot be taken for another content.
        if sameness != .content { hash.update(data: [0] + addition) }
        content = ContentHash.derived(shape.kind, hash.finalize())
    }

    /// `KIND-` and the first 40 hexadecimal digits.
    static func derived(_ kind: Kind, _ digest: SHA256.Digest) -> String {
        "\(kind.rawValue)-\(Array(digest.prefix(20)).hex)"
    }
}
