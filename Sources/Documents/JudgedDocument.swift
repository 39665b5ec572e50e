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

    let shape: DocumentShape
    private let plan: BatchPlan

    init(shape: DocumentShape, content: String, ownReference: String?, plan: BatchPlan) {
        self.kind = shape.kind
        self.content = content
        self.ownReference = ownReference
        self.shape = shape
        self.plan = plan
    }

    package var parts: Int { plan.parts.count }

    /// Whether the bodies depend on the configuration, and not on the sender's bytes alone.
    package var isConverted: Bool { shape.isConverted }

    /// The requests that it makes, none of them sent so far.
    package var batches: [Batch] {
        plan.parts.indices.map { index in
            let reference = Reference.part(index + 1, of: parts, plan.reference)
            let body = body(part: index + 1, reference: reference)
            return Batch(
                reference: reference, part: index + 1, parts: parts, records: plan.parts[index].count,
                bytes: Int64(body.count), bodyHash: Array(SHA256.hash(data: body)))
        }
    }

    /// The body of part `part`, counted from 1, under `reference`.
    package func body(part: Int, reference: String) -> [UInt8] {
        let frame = BodyFrame(reference: reference, arrayName: shape.arrayName)
        let records = shape.text(plan.parts[part - 1].text)
        var body: [UInt8] = []
        body.reserveCapacity(frame.length + records.count + 2)
        body += frame.head
        body.append(UInt8(ascii: "["))
        body += records
        body.append(UInt8(ascii: "]"))
        body += frame.tail
        return body
    }

    /// The body of `batch`, if it is one of this document's.
    ///
    /// - Returns: `nil` where the batch has another body than this document makes under its reference.
    package func body(of batch: Batch) -> [UInt8]? {
        guard batch.parts == parts, (1...parts).contains(batch.part) else { return nil }
        let body = body(part: batch.part, reference: batch.reference)
        return Array(SHA256.hash(data: body)) == batch.bodyHash ? body : nil
    }

    /// Those of these `clientReferenceId`s that a record is about.
    package func mentioned(of identities: Set<String>) -> Set<String> {
        guard !identities.isEmpty, let array = shape.array else { return [] }
        return identities.intersection(array.elements.compactMap { $0["clientReferenceId"]?.string })
    }
}
