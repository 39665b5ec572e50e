import Crypto
import Model

/// The body of a request that several documents share, made from the records of each as their own bodies would have them.
package struct JointBody: Sendable {
    /// Derived from those that the documents would have by themselves, in their order.
    package let reference: String
    package let bytes: [UInt8]
    /// SHA-256 of ``bytes``.
    package let hash: [UInt8]

    /// What stands around the records, at most: a document's own references are no longer than these.
    package static let frame = 256

    /// - Parameters:
    ///   - kind: of documents.
    ///   - members: at least two; what ``JudgedDocument/recordText`` gives.
    package init(_ kind: Kind, _ members: [(reference: String, records: [UInt8])]) {
        var digest = SHA256()
        for member in members {
            digest.update(data: Array(member.reference.utf8))
            digest.update(data: [UInt8(ascii: "\n")])
        }
        reference = ContentHash.derived(kind, digest.finalize())
        let frame = BodyFrame(reference: reference, arrayName: kind.arrayName ?? "")
        let length = members.reduce(0) { $0 + $1.records.count + 1 }
        bytes = frame.body(around: length) { body in
            for (index, member) in members.enumerated() {
                if index > 0 { body.append(UInt8(ascii: ",")) }
                body += member.records
            }
        }
        hash = Array(SHA256.hash(data: bytes))
    }
}

extension JudgedDocument {
    /// Its records with the commas between them, as the one body has them that it makes.
    ///
    /// - Returns: `nil` for a document that makes several, and for one without records.
    package var recordText: [UInt8]? {
        get throws {
            guard parts == 1, records > 0 else { return nil }
            var records: [UInt8] = []
            try text.append(plan.parts[0], 0, to: &records)
            return records
        }
    }
}
