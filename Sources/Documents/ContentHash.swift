import Crypto
import JSONText
import Model

/// SHA-256 over a document's canonical content: the converted array as RFC 8785 writes it, numbers exact.
struct ContentHash {
    /// What a document is known by.
    struct References: Sendable {
        /// The reference that the content gives, with what the inbox adds to it.
        let content: String
        /// The reference that the bare content gives.
        let plain: String
        /// What was added: nothing, the drop's name, or the day.
        let addition: [UInt8]
    }

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
            let text = chunk.dropFirst(isFirst ? 1 : 0)
            isFirst = false
            guard let last = text.last else { return }
            if let held { hash.update(data: [held]) }
            hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: text.dropLast()))
            held = last
        }
    }

    /// One record behind those that were added before.
    mutating func add(element record: JSONValue) {
        hash.update(data: [isEmpty ? UInt8(ascii: "[") : UInt8(ascii: ",")])
        isEmpty = false
        record.canonicalize { hash.update(bufferPointer: $0) }
    }

    /// The references of all that was added.
    func references(_ kind: Kind, _ sameness: DocumentRules.Sameness, _ origin: DocumentOrigin) -> References {
        var hash = hash
        hash.update(data: Array((isEmpty ? "[]" : "]").utf8))
        let plain = ContentHash.derived(kind, hash.finalize())
        let addition =
            switch sameness {
            case .content: [UInt8]()
            case .contentAndName: origin.name.bytes
            case .contentAndDay: Array(origin.day.utf8)
            }
        // A NUL stands in no JSON text, so content and addition cannot be taken for another content.
        if sameness != .content { hash.update(data: [0] + addition) }
        return References(content: ContentHash.derived(kind, hash.finalize()), plain: plain, addition: addition)
    }

    /// The reference of what is left of a document with the reference `whole`.
    func rest(of whole: String, _ kind: Kind) -> String {
        var hash = hash
        hash.update(data: Array((isEmpty ? "[]" : "]").utf8) + [0] + Array(whole.utf8))
        return ContentHash.derived(kind, hash.finalize())
    }

    /// `KIND-` and the first 40 hexadecimal digits.
    static func derived(_ kind: Kind, _ digest: SHA256.Digest) -> String {
        "\(kind.rawValue)-\(Array(digest.prefix(20)).hex)"
    }
}
