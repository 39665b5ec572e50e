import Model

/// A judged drop that wants to be submitted.
package struct Admission: Sendable {
    package var drop: Drop
    package var kind: Kind
    package var sha256: [UInt8]
    /// What makes it the same as another: the reference that its content gives.
    package var content: String
    /// A `batchReferenceId` that it brought and that is kept.
    package var ownReference: String?
    /// Inboxes with the same scope know one another's payments.
    package var scope: String
    /// The request bodies that it makes.
    package var batches: [Batch]

    package init(
        drop: Drop, kind: Kind, sha256: [UInt8], content: String, ownReference: String? = nil, scope: String,
        batches: [Batch]
    ) {
        self.drop = drop
        self.kind = kind
        self.sha256 = sha256
        self.content = content
        self.ownReference = ownReference
        self.scope = scope
        self.batches = batches
    }
}

/// What the ledger decided about a drop at its turn (contract, section 5).
package enum Turn: Sendable, Hashable {
    /// Submit these batches, those that are accepted already excepted. Where they are another drop's unresolved ones,
    /// their exact bodies lie in the ``BodyStore``.
    case submit([Batch])
    /// Another drop with this content or reference is not final: ask again when it is.
    case wait(DropID)
    /// The same content was accepted before; the name is `nil` where that was in another inbox.
    case duplicate(of: FileName?)
    case refused(Problem)
}
