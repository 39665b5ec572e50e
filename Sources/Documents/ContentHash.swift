import Crypto
import JSONText
import Model

/// SHA-256 over a document's canonical content: the converted array as RFC 8785 writes it, numbers exact.
struct ContentHash {
    private var hash = SHA256()
    private var isEmpty = true

    /// The records of an array behind those that were added before.
    mutating func add(elementsOf array: JSONValue) {
        guard array.count > 0 else { return }
        hash.update(data: [isEmpty ? UInt8(ascii: "[") : UInt8(ascii: ",")])
        isEmpty = false
        // The brackets are the first byte and the last: what comes last in a chunk waits for the next one.
        var isFirst = true
        var held: UInt8?
        array.canonicalize { chunk in
            if let held { hash.update(data: [held]) }
            hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: chunk[(isFirst ? 1 : 0)..<(chunk.count - 1)]))
            held = chunk.last
            isFirst = false
        }
    }

    /// The reference of all that was added.
    func reference(_ kind: Kind, _ sameness: DocumentRules.Sameness, _ origin: DocumentOrigin) -> String {
        var hash = hash
        hash.update(data: Array((isEmpty ? "[]" : "]").utf8))
        // A NUL stands in no JSON text, so content and addition cannot be taken for another content.
        switch sameness {
        case .content: break
        case .contentAndName: hash.update(data: [0] + origin.name.bytes)
        case .contentAndDay: hash.update(data: [0] + Array(origin.day.utf8))
        }
        return ContentHash.derived(kind, hash.finalize())
    }

    /// `KIND-` and the first 40 hexadecimal digits.
    static func derived(_ kind: Kind, _ digest: SHA256.Digest) -> String {
        "\(kind.rawValue)-\(Array(digest.prefix(20)).hex)"
    }
}
