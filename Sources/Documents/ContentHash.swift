import Crypto
import JSONText
import Model

/// SHA-256 over a document's canonical content: the converted array as RFC 8785 writes it, numbers exact.
enum ContentHash {
    static func reference(
        of shape: DocumentShape, _ sameness: DocumentRules.Sameness, _ origin: DocumentOrigin
    ) -> String {
        var hash = SHA256()
        shape.array?.canonicalize { hash.update(bufferPointer: $0) }
        // A NUL stands in no JSON text, so content and addition cannot be taken for another content.
        switch sameness {
        case .content: break
        case .contentAndName: hash.update(data: [0] + origin.name.bytes)
        case .contentAndDay: hash.update(data: [0] + Array(origin.day.utf8))
        }
        return derived(shape.kind, hash.finalize())
    }

    /// `KIND-` and the first 40 hexadecimal digits.
    static func derived(_ kind: Kind, _ digest: SHA256.Digest) -> String {
        "\(kind.rawValue)-\(Array(digest.prefix(20)).hex)"
    }
}
