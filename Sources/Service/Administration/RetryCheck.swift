import Documents
import Ledger
import Model

/// Whether a drop may be tried again on the terms that an admin asks for: decides, and touches nothing.
struct RetryCheck {
    let outcome: Outcome?
    let isFiled: Bool
    let code: Code?
    let kind: Kind?
    /// What it was sent under.
    let references: [String]
    /// Why its payments may be counted twice if they are sent as new; `nil`: nothing of them was accepted.
    let risk: DoubleRisk?
    /// When its file was removed, for its retention was over.
    var removedAt: Timestamp?
    var isBeingRemoved = false

    /// Why it may not; `nil`: it may.
    func refusal(_ terms: RetryTerms) -> String? {
        switch outcome {
        case nil: return "it is on its way already"
        case .accepted where !terms.asNew:
            return "it was accepted; nothing is to be tried again (--as-new sends it once more)"
        case .duplicate where !terms.asNew:
            return "its content was accepted before; nothing is to be tried again (--as-new sends it once more)"
        case .accepted, .duplicate, .failed:
            if !isFiled { return "it is being filed; try again in a moment" }
            if let time = removedAt {
                return "its file was removed on \(time.date), for its retention was over; drop the file itself again"
            }
            if isBeingRemoved { return "its file is being removed, for its retention is over" }
        }
        if code == .orderSuperseded, !terms.stale {
            return "a later document about the same records was accepted since it came; "
                + "--stale lets it go, if this older one must win"
        }
        return terms.asNew ? refusalAsNew(terms) : nil
    }

    private func refusalAsNew(_ terms: RetryTerms) -> String? {
        if let own = references.first(where: { !Reference.isDerived($0) }) {
            return
                "it was sent under the batchReferenceId that it brought, \(FileName.escaped(own.utf8)), which is not "
                + "changed; give the document another one and drop it again"
        }
        if code == .referenceOtherInbox {
            return "the same payments came in through another inbox; if both may send them, give the two one scope"
        }
        guard kind == .payment, !terms.sendTwice, let risk else { return nil }
        let words =
            switch risk {
            case .accepted: "its payments were accepted"
            case .acceptedInPart: "some of its payments were accepted"
            case .unresolved: "its payments may have been accepted: nobody knows"
            }
        return "\(words); sent as new they may be counted twice, and --send-twice says that you know"
    }
}

extension Administration {
    func checkRetry(of entry: DropEntry, _ terms: RetryTerms) throws {
        let check = RetryCheck(
            outcome: entry.outcome, isFiled: entry.isFiled, code: entry.problem?.code, kind: entry.kind,
            // Nobody asks for them otherwise.
            references: terms.asNew ? try ledger.batches(of: entry.drop.id).map(\.batch.reference) : [],
            risk: terms.asNew && entry.kind == .payment ? try ledger.doubleRisk(of: entry.drop.id) : nil,
            removedAt: entry.removedAt,
            isBeingRemoved: entry.removal == .begun)
        if let refusal = check.refusal(terms) { throw Refusal(description: refusal) }
    }
}
