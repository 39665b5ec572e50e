import Crypto
import JSONText
import Model
import Synchronization

/// A document that fits: its references, and the bodies of its requests made from the sender's own bytes.
package struct JudgedDocument: Sendable {
    package let kind: Kind
    /// What makes it the same as another: the reference that its content gives.
    package let content: String
    /// The reference that it brought, where it is kept.
    package let ownReference: String?

    /// The reference that the bare content gives, without the name or day that the inbox may add.
    package let plainContent: String
    /// What the inbox adds to the content: nothing, the drop's name, or the day.
    package let addition: [UInt8]

    let text: RecordText
    let plan: BatchPlan
    let rules: DocumentRules
    /// What its records are about, where that was found while they were read.
    var knownIdentities: IdentityKeys?
    /// The body that ``batches`` was made from, for whoever sends it next.
    private let lastBody = BodyKeeper()
    /// The places in the file of the records that it still has, from 0; `nil`: all of them.
    var positions: [Int]?

    init(
        _ text: RecordText, _ references: ContentHash.References, ownReference: String?, plan: BatchPlan,
        rules: DocumentRules
    ) {
        self.kind = text.kind
        self.content = references.content
        self.plainContent = references.plain
        self.addition = references.addition
        self.ownReference = ownReference
        self.text = text
        self.plan = plan
        self.rules = rules
    }

    /// The same document with other bodies: under another reference, or with fewer records.
    init(_ document: JudgedDocument, _ text: RecordText, plan: BatchPlan) {
        kind = document.kind
        content = document.content
        plainContent = document.plainContent
        addition = document.addition
        ownReference = document.ownReference
        rules = document.rules
        self.text = text
        self.plan = plan
    }

    package var parts: Int { plan.parts.count }

    /// How many records it has.
    package var records: Int { plan.parts.reduce(0) { $0 + $1.count } }

    /// Whether the bodies depend on the configuration, and not on the sender's bytes alone.
    package var isConverted: Bool { text.isConverted }

    /// The requests that it makes, none of them sent so far.
    ///
    /// - Throws: what reading the document again throws where it is not held, ``DocumentHasChanged`` among it. So do
    ///   the others.
    package var batches: [Batch] {
        get throws {
            try plan.parts.indices.map { index in
                let reference = Reference.part(index + 1, of: parts, plan.reference)
                let body = try body(part: index + 1, reference: reference)
                let batch = Batch(
                    reference: reference, part: index + 1, parts: parts, records: plan.parts[index].count,
                    bytes: Int64(body.count), bodyHash: Array(SHA256.hash(data: body)))
                if parts == 1 { lastBody.keep(body, hash: batch.bodyHash) }
                return batch
            }
        }
    }

    /// The body of part `part`, counted from 1, under `reference`.
    package func body(part: Int, reference: String) throws -> [UInt8] {
        let frame = BodyFrame(reference: reference, arrayName: kind.arrayName ?? "")
        let index = part - 1
        let part = plan.parts[index]
        return try frame.body(around: part.text.count) { try text.append(part, index, to: &$0) }
    }

    /// The body of `batch`, if it is one of this document's.
    ///
    /// - Returns: `nil` where the batch has another body than this document makes under its reference.
    package func body(of batch: Batch) throws -> [UInt8]? {
        guard batch.parts == parts, (1...parts).contains(batch.part) else { return nil }
        if let body = lastBody.body(hash: batch.bodyHash) { return body }
        let body = try body(part: batch.part, reference: batch.reference)
        return body.isBody(of: batch) ? body : nil
    }

    /// Those of these `clientReferenceId`s that a record is about.
    package func mentioned(of identities: Set<String>) throws -> Set<String> {
        guard !identities.isEmpty else { return [] }
        var mentioned: Set<String> = []
        try text.forEachRecord { record in
            if let identity = record["clientReferenceId"]?.string, identities.contains(identity) {
                mentioned.insert(identity)
            }
        }
        return mentioned
    }
}

extension [UInt8] {
    /// Whether these bytes are what a batch sends.
    func isBody(of batch: Batch) -> Bool {
        count == Int(batch.bytes) && Array(SHA256.hash(data: self)) == batch.bodyHash
    }
}

/// Holds a large body from when it was hashed, so that it is made and hashed once. Whoever sends it shares its bytes.
private final class BodyKeeper: Sendable {
    private let kept = Mutex<(body: [UInt8], hash: [UInt8])?>(nil)

    /// What is smaller is made anew before keeping it would pay: thousands of drops may wait to share a request.
    private static let smallest = 1 << 20

    func keep(_ body: [UInt8], hash: [UInt8]) {
        guard body.count >= BodyKeeper.smallest else { return }
        kept.withLock { $0 = (body, hash) }
    }

    /// - Returns: `nil` where it keeps none of that hash.
    func body(hash: [UInt8]) -> [UInt8]? {
        kept.withLock { $0?.hash == hash ? $0?.body : nil }
    }
}
