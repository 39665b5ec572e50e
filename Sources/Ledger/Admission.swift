import Model

/// A judged drop that wants to be submitted.
package struct Admission: Sendable {
    package var drop: Drop
    package var kind: Kind
    package var sha256: [UInt8]
    /// What makes it the same as another: the reference that its content gives.
    package var content: String
    /// The same without what its inbox adds to it, the drop's name or the day.
    package var plainContent: String
    /// What its inbox adds.
    package var addition: [UInt8]
    /// A `batchReferenceId` that it brought and that is kept.
    package var ownReference: String?
    /// Inboxes with the same scope know one another's payments.
    package var scope: String
    /// What its records are about; none for an attachment.
    package var identities: IdentityKeys
    /// Whether a later drop of its inbox that shares an identity waits for it.
    package var isOrdered: Bool
    /// Whether it was not there at its turn: what came after it may have been accepted.
    package var isLate = false
    /// The `-rN` in the references of its batches.
    package var round: Int
    /// The records that are not in its batches; `nil`: the ledger was not asked for any.
    package var leftOut: [AcceptedRecord]?
    /// The request bodies that it makes.
    package var batches: [Batch]
    /// The number that its file had in the inbox; `nil`: it was claimed by an earlier run.
    package var inode: UInt64?

    package init(
        drop: Drop, kind: Kind, sha256: [UInt8], content: String, plainContent: String? = nil, addition: [UInt8] = [],
        ownReference: String? = nil, scope: String, identities: IdentityKeys = .none, isOrdered: Bool = true,
        round: Int = 1, leftOut: [AcceptedRecord]? = nil, batches: [Batch], inode: UInt64? = nil
    ) {
        self.drop = drop
        self.kind = kind
        self.sha256 = sha256
        self.content = content
        self.plainContent = plainContent ?? content
        self.addition = addition
        self.ownReference = ownReference
        self.scope = scope
        self.identities = identities
        self.isOrdered = isOrdered
        self.round = round
        self.leftOut = leftOut
        self.batches = batches
        self.inode = inode
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
    /// Ask again with other bodies: under the references of this round, and for payments without the records of
    /// ``Ledger/recordsToLeaveOut(of:_:)``.
    case remake(round: Int)
    /// An admin wants it sent as new: ask again with the whole of it under the references of this round.
    case anew(round: Int)
}
