import Model

/// What is left of a payment document that went through in part, and what becomes of that as others are accepted.
///
/// Its accepted records are left out of all others until its rest has gone through: equal records, or, with all that was
/// accepted, others in place of the rest. Where the rest only may have gone through, with another amount or about somebody
/// else, each accepted record is left out of one document more: nobody is paid twice by a correction that is yet to come, and
/// no equal payment is held back for ever.
struct Remainder {
    /// A record of the rest.
    struct Record {
        var row: Int64
        /// `nil`: it is not known.
        var hash: RecordHash?
        var key: UInt64?
        /// Whether something was accepted that it may have become.
        var mayBeGone: Bool
    }

    /// What a document changes of one that stays, by the rows of its rest.
    struct Change: Hashable {
        var gone: [Int64] = []
        var mayBeGone: [Int64] = []
        /// Accepted records that are left out of no other from here on.
        var used: [AcceptedRecord] = []
    }

    enum Fate: Hashable {
        case stays(Change)
        /// The document is as good as accepted.
        case isComplete
    }

    /// How often each was accepted.
    var accepted: [AcceptedRecord: Int] = [:]
    var rest: [Record] = []

    /// - Parameters:
    ///   - sent: the records of a document that was accepted.
    ///   - leftOut: those that it brought besides.
    func take(sent: [PaymentRecord], leftOut: [AcceptedRecord]) -> Fate {
        let left = Tally(leftOut)
        let used = accepted.filter { left.count(of: $0.key) >= $0.value }.map(\.key)
        let bringsAll = !used.isEmpty && used.count == accepted.count
        let others = leftOut.filter { accepted[$0] == nil }
        if bringsAll, isReplaced(by: sent, and: others) { return .isComplete }
        var change = Change()
        var equal = Tally(sent)
        for record in rest {
            guard let hash = record.hash, let key = record.key else { continue }
            if equal.take(PaymentRecord(hash: hash, key: key)) { change.gone.append(record.row) }
        }
        if change.gone.count == rest.count { return .isComplete }
        let gone = Set(change.gone)
        var about = equal.map(\.key)
        var open: [Int64] = []
        for record in rest where !record.mayBeGone && !gone.contains(record.row) {
            if let key = record.key, about.take(key) {
                change.mayBeGone.append(record.row)
            } else {
                open.append(record.row)
            }
        }
        if bringsAll && sent.count >= open.count { change.mayBeGone += open }
        if rest.allSatisfy(\.mayBeGone) { change.used = used }
        return .stays(change)
    }

    /// Whether a document with all that was accepted is this one corrected.
    ///
    /// - Parameter others: what it brought that was accepted with other documents.
    private func isReplaced(by sent: [PaymentRecord], and others: [AcceptedRecord]) -> Bool {
        var sent = Tally(sent.map(\.key))
        var others = Tally(others.map(\.key))
        let missing = rest.count { record in
            guard let key = record.key else { return true }
            return !others.take(key) && !sent.take(key)
        }
        // As many may be about somebody else where most of the document is as it was.
        return missing == 0 || sent.total == missing && accepted.values.reduce(0, +) > missing
    }
}

/// How many there are of each.
private struct Tally<Element: Hashable> {
    private var counts: [Element: Int] = [:]

    init(_ elements: some Sequence<Element>) {
        for element in elements { counts[element, default: 0] += 1 }
    }

    var total: Int { counts.values.reduce(0, +) }

    func count(of element: Element) -> Int { counts[element] ?? 0 }

    /// - Returns: whether there was one left.
    mutating func take(_ element: Element) -> Bool {
        guard let count = counts[element], count > 0 else { return false }
        counts[element] = count - 1
        return true
    }

    func map<Other: Hashable>(_ transform: (Element) -> Other) -> Tally<Other> {
        var mapped = Tally<Other>([])
        for (element, count) in counts { mapped.counts[transform(element), default: 0] += count }
        return mapped
    }
}
