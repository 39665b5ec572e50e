import Crypto
import JSONText
import Model

/// A document that fits: its references, and the bodies of its requests made from the sender's own bytes.
package struct JudgedDocument: Sendable {
    package let kind: Kind
    /// What makes it the same as another: the reference that its content gives.
    package let content: String
    /// The reference that it brought, where it is kept.
    package let ownReference: String?

    private let text: RecordText
    private let plan: BatchPlan

    init(_ text: RecordText, content: String, ownReference: String?, plan: BatchPlan) {
        self.kind = text.kind
        self.content = content
        self.ownReference = ownReference
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
                return Batch(
                    reference: reference, part: index + 1, parts: parts, records: plan.parts[index].count,
                    bytes: Int64(body.count), bodyHash: Array(SHA256.hash(data: body)))
            }
        }
    }

    /// The body of part `part`, counted from 1, under `reference`.
    package func body(part: Int, reference: String) throws -> [UInt8] {
        let frame = BodyFrame(reference: reference, arrayName: kind.arrayName ?? "")
        var body: [UInt8] = []
        body.reserveCapacity(frame.length + plan.parts[part - 1].text.count + 2)
        body += frame.head
        body.append(UInt8(ascii: "["))
        try text.append(plan.parts[part - 1], part - 1, to: &body)
        body.append(UInt8(ascii: "]"))
        body += frame.tail
        return body
    }

    /// The body of `batch`, if it is one of this document's.
    ///
    /// - Returns: `nil` where the batch has another body than this document makes under its reference.
    package func body(of batch: Batch) throws -> [UInt8]? {
        guard batch.parts == parts, (1...parts).contains(batch.part) else { return nil }
        let body = try body(part: batch.part, reference: batch.reference)
        return Array(SHA256.hash(data: body)) == batch.bodyHash ? body : nil
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
