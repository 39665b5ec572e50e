import Model

/// How much goes into one request that several documents share (`batching`), as a plain value.
struct Gathering: Sendable {
    struct Limits: Sendable, Hashable {
        var records: Int
        /// Of the records' text.
        var bytes: Int
    }

    private let limits: Limits
    private(set) var drops = 0
    private var records = 0
    private var bytes = 0
    /// What the documents are about: none of it twice.
    private var identities: Set<UInt64> = []

    init(_ limits: Limits) {
        self.limits = limits
    }

    /// Nothing more goes into it.
    var isFull: Bool { records >= limits.records || bytes >= limits.bytes }

    /// Takes a document, if it fits.
    mutating func take(records new: Int, bytes length: Int, _ keys: IdentityKeys) -> Bool {
        guard records + new <= limits.records, bytes + length + 1 <= limits.bytes,
            keys.sorted.allSatisfy({ !identities.contains($0) })
        else { return false }
        drops += 1
        records += new
        bytes += length + 1
        identities.formUnion(keys.sorted)
        return true
    }

    /// Whether documents are to share requests: more wait than there are slots for.
    ///
    /// - Parameters:
    ///   - waiting: documents that wait to be sent.
    ///   - used: slots of the throttle that are taken.
    ///   - limit: of the throttle; `nil`: there is none, and nothing to save.
    static func isBacklog(waiting: Int, used: Int, limit: Int?) -> Bool {
        guard let limit else { return false }
        return waiting > max(0, limit - used)
    }
}
