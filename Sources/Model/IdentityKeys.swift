/// What the records of a document are about, as sorted hashes of 8 bytes: a document of 500,000 records takes 4 MB.
///
/// Two identities with one hash cost a needless wait or a needless repetition, and nothing else: whoever asks whether
/// nobody spoke of an identity is never told so wrongly.
package struct IdentityKeys: Sendable, Hashable {
    /// Ascending, each once.
    package let sorted: [UInt64]

    package static let none = IdentityKeys([])

    package init(_ hashes: consuming [UInt64]) {
        var sorted = hashes
        sorted.sort()
        guard sorted.count > 1 else {
            self.sorted = sorted
            return
        }
        var kept = 1
        for index in 1..<sorted.count where sorted[index] != sorted[kept - 1] {
            sorted[kept] = sorted[index]
            kept += 1
        }
        sorted.removeLast(sorted.count - kept)
        self.sorted = sorted
    }

    package var count: Int { sorted.count }
    package var isEmpty: Bool { sorted.isEmpty }

    package func contains(_ key: UInt64) -> Bool {
        var low = 0
        var high = sorted.count
        while low < high {
            let middle = (low + high) / 2
            if sorted[middle] < key { low = middle + 1 } else { high = middle }
        }
        return low < sorted.count && sorted[low] == key
    }

    /// Whether the two have an identity in common.
    package func meets(_ other: IdentityKeys) -> Bool {
        let (few, many) = count <= other.count ? (self, other) : (other, self)
        guard let first = many.sorted.first, let last = many.sorted.last else { return false }
        return few.sorted.contains { $0 >= first && $0 <= last && many.contains($0) }
    }

    /// The hash of a `clientReferenceId`, the same for records of every kind.
    package static func key(clientReferenceId: String) -> UInt64 { hash(1, clientReferenceId) }

    /// The hash of a claim's number, for a claim without a `clientReferenceId`.
    package static func key(claimNumber: String) -> UInt64 { hash(2, claimNumber) }

    /// FNV-1a, and a mixing step (MurmurHash3's) so that similar identities are far apart. It is in ledgers: it never
    /// changes.
    private static func hash(_ sort: UInt64, _ text: String) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325 ^ sort
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        hash = (hash ^ (hash >> 33)) &* 0xFF51_AFD7_ED55_8CCD
        hash = (hash ^ (hash >> 33)) &* 0xC4CE_B9FE_1A85_EC53
        return hash ^ (hash >> 33)
    }
}

extension IdentityKeys {
    /// Eight bytes a hash, the lowest first.
    package var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(sorted.count * 8)
        for key in sorted { withUnsafeBytes(of: key.littleEndian) { bytes.append(contentsOf: $0) } }
        return bytes
    }

    /// - Returns: `nil` where the bytes are no whole hashes.
    package init?(bytes: [UInt8]) {
        guard bytes.count % 8 == 0 else { return nil }
        self.init(
            stride(from: 0, to: bytes.count, by: 8).map { start in
                (0..<8).reduce(0) { $0 | UInt64(bytes[start + $1]) << UInt64(8 * $1) }
            })
    }
}
