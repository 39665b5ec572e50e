import Model

/// Whose turn it is among the drops of all inboxes (contract, section 7, *Order*), as a plain value.
///
/// A drop is enlisted when it is known what it is about, taken when it may be decided, and concluded when its outcome
/// stands. An accepted one goes on holding back those that share an identity until it has settled: until the API
/// processed it, or is taken to have.
package struct DropOrder: Sendable {
    package enum Rule: Sendable, Hashable {
        case key, strict, none
    }

    package struct Place: Sendable, Hashable {
        package var drop: DropID
        package var inbox: String
        package var arrival: Int64
        package var rule: Rule
        package var kind: Kind
        package var keys: IdentityKeys

        package init(drop: DropID, inbox: String, arrival: Int64, rule: Rule, kind: Kind, keys: IdentityKeys) {
            self.drop = drop
            self.inbox = inbox
            self.arrival = arrival
            self.rule = rule
            self.kind = kind
            self.keys = keys
        }

        /// Nobody waits for an attachment, which may itself wait for days.
        var holds: Bool { rule != .none && kind != .attachment }
    }

    struct Member: Sendable {
        enum Stage: Sendable, Hashable {
            case waiting
            /// Its turn has come: nobody gets before it any more.
            case taken
            case settling(until: Moment)
        }

        var place: Place
        var stage = Stage.waiting
        /// Those before it that share an identity: first undecided, then settling.
        var undecided: Set<DropID> = []
        var settling: Set<DropID> = []
        var behind: [DropID] = []
        /// Whether it is on its way to the API with what never left before.
        var hasDeparted = false
        /// The shared request that it repeats, alone or with others.
        var repeats: Int64?

        var isSettling: Bool { if case .settling = stage { true } else { false } }
    }

    var members = PackedDictionary<DropID, Member>()
    private(set) var lanes: [String: DropLane] = [:]
    /// Shared requests that are repeated, by their numbers in the ledger: few, if any.
    var repetitions: [Int64: Repetition] = [:]
    /// What settles when, the next one first: all wait equally long.
    private var settlings = MomentQueue()

    package init() {}

    /// How many drops it knows.
    package var count: Int { members.count }

    /// Puts a drop in its place. One that is there stays where it is.
    package mutating func enlist(_ place: Place) {
        guard members[place.drop] == nil else { return }
        members[place.drop] = Member(place: place)
        guard place.rule != .none else { return }
        for other in lanes[place.inbox]?.sharing(place.keys) ?? [] { relate(place.drop, other) }
        // In place: thousands may be there.
        if place.holds { lanes[place.inbox, default: DropLane()].add(place.drop, place.keys) }
        if place.rule == .strict { lanes[place.inbox, default: DropLane()].open(place.drop, arrival: place.arrival) }
    }

    /// An accepted drop of an earlier run that has not settled.
    package mutating func restore(_ place: Place, settlesAt moment: Moment) {
        enlist(place)
        _ = conclude(place.drop, settlesAt: moment)
    }

    /// Two drops of one inbox share an identity: which of them is first?
    private mutating func relate(_ new: DropID, _ other: DropID) {
        guard let place = members[new]?.place, let known = members[other] else { return }
        if known.place.arrival < place.arrival || known.stage != .waiting {
            guard place.kind != .attachment || known.place.kind == .account else { return }
            members[other]?.behind.append(new)
            if known.isSettling {
                members[new]?.settling.insert(other)
            } else {
                members[new]?.undecided.insert(other)
            }
        } else if place.holds {
            // A drop that was put back keeps its number, and goes before those that have not had their turn.
            members[new]?.behind.append(other)
            members[other]?.undecided.insert(new)
        }
    }

    /// Whether everything before it is concluded, so that it can be told what it is: new, duplicate or conflict.
    package func mayBeDecided(_ drop: DropID) -> Bool {
        guard let member = members[drop] else { return true }
        return member.undecided.isEmpty && isFirst(member.place)
    }

    /// Whether everything before it is final, so that it may leave.
    package func mayLeave(_ drop: DropID) -> Bool {
        isFree(drop) && speaker(for: drop).map(isFree) ?? true
    }

    private func isFree(_ drop: DropID) -> Bool {
        mayBeDecided(drop) && members[drop]?.settling.isEmpty ?? true
    }

    /// The accepted documents that it waits for.
    package func settling(before drop: DropID) -> Set<DropID> { members[drop]?.settling ?? [] }

    /// What stands before a drop.
    package struct Standing: Sendable, Hashable {
        /// Those that are not concluded and share an identity with it, by arrival.
        package var undecided: [DropID] = []
        /// With `strict`, the one whose turn it is; `nil`: it is its own.
        package var first: DropID?
        /// Accepted documents that may not be processed, and when they count as such, the last one last.
        package var settling: [Settling] = []

        package struct Settling: Sendable, Hashable {
            package var drop: DropID
            package var until: Moment
        }

        package init() {}
    }

    /// - Returns: `nil` for a drop that it does not know.
    package func standing(of drop: DropID) -> Standing? {
        guard let member = members[drop] else { return nil }
        var standing = Standing()
        standing.undecided = member.undecided.sorted {
            members[$0]?.place.arrival ?? .max < members[$1]?.place.arrival ?? .max
        }
        if !isFirst(member.place) { standing.first = lanes[member.place.inbox]?.first }
        standing.settling = member.settling.compactMap { other in
            guard case .settling(let until) = members[other]?.stage else { return nil }
            return Standing.Settling(drop: other, until: until)
        }.sorted { $0.until < $1.until }
        return standing
    }

    /// With `strict`, whether nothing of its inbox is open before it.
    private func isFirst(_ place: Place) -> Bool {
        guard place.rule == .strict, let lane = lanes[place.inbox] else { return true }
        return lane.isFirst(place.drop, arrival: place.arrival)
    }

    /// Its turn has come.
    ///
    /// - Returns: `false` where something before it is not concluded.
    package mutating func take(_ drop: DropID) -> Bool {
        guard mayBeDecided(drop) else { return false }
        guard let place = members[drop]?.place, members[drop]?.stage == .waiting else { return true }
        members[drop]?.stage = .taken
        if place.rule == .strict { lanes[place.inbox]?.take(drop) }
        return true
    }

    /// With `strict`, those behind it may go before it is concluded: an attachment that waits for its account.
    ///
    /// - Returns: whose standing may have changed.
    package mutating func stepAside(_ drop: DropID) -> [DropID] {
        guard let place = members[drop]?.place, place.rule == .strict else { return [] }
        return lanes[place.inbox]?.close(drop, arrival: place.arrival) ?? []
    }

    /// A drop's outcome stands.
    ///
    /// - Parameter moment: for an accepted document that the API may not have processed, when it is taken to have.
    /// - Returns: whose standing may have changed.
    package mutating func conclude(_ drop: DropID, settlesAt moment: Moment?) -> [DropID] {
        guard let member = members[drop], !member.isSettling else { return [] }
        var changed = member.behind + followers(of: drop)
        if member.place.rule == .strict {
            changed += lanes[member.place.inbox]?.close(drop, arrival: member.place.arrival) ?? []
        }
        guard let moment, member.place.holds else {
            leave(drop)
            return changed
        }
        members[drop]?.stage = .settling(until: moment)
        settlings.append(moment, drop)
        for other in member.behind where members[other]?.undecided.remove(drop) != nil {
            members[other]?.settling.insert(drop)
        }
        return changed
    }

    /// Nobody works on an inbox's drops any more: those that are not concluded hold back nobody until they are enlisted again.
    package mutating func leave(inbox: String) {
        for member in members.values.filter({ $0.place.inbox == inbox && !$0.isSettling }) {
            _ = conclude(member.place.drop, settlesAt: nil)
        }
    }

    /// The API said that it processed a document.
    ///
    /// - Returns: whose standing may have changed.
    package mutating func settle(_ drop: DropID) -> [DropID] {
        guard let member = members[drop], member.isSettling else { return [] }
        leave(drop)
        return member.behind
    }

    /// Time has passed: what was to settle by now has.
    ///
    /// - Returns: the drops that settled and held somebody back, and whose standing may have changed.
    package mutating func settle(until now: Moment) -> (settled: [DropID], changed: [DropID]) {
        var settled: [DropID] = []
        var changed: [DropID] = []
        while let drop = settlings.next(until: now) {
            guard let member = members[drop], member.isSettling else { continue }
            leave(drop)
            if !member.behind.isEmpty { settled.append(drop) }
            changed += member.behind
        }
        return (settled, changed)
    }

    /// When the next one settles.
    package var nextSettling: Moment? { settlings.first }

    /// Documents of any inbox that came before a drop, had their turn, and share an identity with it: it is no duplicate
    /// before they are concluded.
    package func rivals(of drop: DropID) -> [DropID] {
        guard let place = members[drop]?.place else { return [] }
        return members.values.filter { member in
            member.stage == .taken && member.place.arrival < place.arrival && member.place.kind == place.kind
                && member.place.keys.meets(place.keys)
        }.map(\.place.drop)
    }

    private mutating func leave(_ drop: DropID) {
        guard let member = members.removeValue(forKey: drop) else { return }
        endRepetition(of: drop, member)
        for other in member.behind {
            members[other]?.undecided.remove(drop)
            members[other]?.settling.remove(drop)
        }
        guard member.place.holds else { return }
        lanes[member.place.inbox]?.remove(drop, member.place.keys)
        if lanes[member.place.inbox]?.isEmpty == true { lanes[member.place.inbox] = nil }
    }
}

/// Moments in order, with the drops that they concern.
private struct MomentQueue: Sendable {
    private var entries: [(moment: Moment, drop: DropID)] = []
    private var head = 0

    var first: Moment? { head < entries.count ? entries[head].moment : nil }

    mutating func append(_ moment: Moment, _ drop: DropID) {
        // The clock of moments never steps back, so the list stays sorted.
        entries.append((max(moment, entries.last?.moment ?? moment), drop))
    }

    mutating func next(until now: Moment) -> DropID? {
        guard let first, first <= now else { return nil }
        defer {
            head += 1
            if head > 64, head * 2 > entries.count {
                entries.removeFirst(head)
                head = 0
            }
        }
        return entries[head].drop
    }
}
