import Model

/// Requests that several drops share and that are repeated (`batching`).
///
/// One goes for all who share it, though only some of them may have come back. So it waits for everybody else who is about
/// any of its records and is on the way to the API or has not settled; and whoever is not on the way waits for it.
///
/// Nobody waits in a circle. What has departed waits for the API alone, and what settles for time. A repetition waits only for
/// these and for repetitions that began before it. Whoever has not departed waits for repetitions that do not wait for it,
/// and no repetition comes to wait for it before it has departed.
extension DropOrder {
    struct Repetition: Sendable {
        /// The drop that began it, in whose place in the row it stands.
        var speaker: DropID
        var inbox: String
        /// What all of its records are about.
        var keys: IdentityKeys
        /// The others of its drops that came back while it waited.
        var followers: [DropID] = []
    }

    /// A drop is about to leave with what never left before.
    ///
    /// - Returns: `false` where repetitions stand before it: it waits to leave then.
    package mutating func depart(_ drop: DropID) -> Bool {
        guard !repetitions.isEmpty else {
            members[drop]?.hasDeparted = true
            return true
        }
        guard let member = members[drop], member.place.holds else { return true }
        let before = speakers(about: member.place.keys, in: member.place.inbox, but: member.repeats).filter {
            $0 != drop && members[$0]?.undecided.contains(drop) == false
        }
        for speaker in before { wait(drop, for: speaker) }
        if before.isEmpty { members[drop]?.hasDeparted = true }
        return before.isEmpty
    }

    /// A drop is about to repeat a request that it shares.
    ///
    /// - Returns: `nil` where nobody has begun to; else whether it may.
    package mutating func follow(_ joint: Int64, _ drop: DropID) -> Bool? {
        guard let speaker = repetitions[joint]?.speaker else { return nil }
        if speaker != drop, members[drop]?.repeats != joint {
            members[drop]?.repeats = joint
            repetitions[joint]?.followers.append(drop)
        }
        return mayLeave(drop)
    }

    /// A drop begins to repeat a request that it shares, if nobody has.
    package mutating func begin(repeating joint: Int64, by drop: DropID, about keys: IdentityKeys) {
        guard repetitions[joint] == nil, let place = members[drop]?.place, place.holds else { return }
        for other in lanes[place.inbox]?.sharing(keys) ?? [] where other != drop {
            guard let known = members[other], known.hasDeparted || known.isSettling else { continue }
            wait(drop, for: other)
        }
        for speaker in speakers(about: keys, in: place.inbox) where speaker != drop { wait(drop, for: speaker) }
        members[drop]?.repeats = joint
        repetitions[joint] = Repetition(speaker: drop, inbox: place.inbox, keys: keys)
    }

    /// A shared request came apart: its drops go on one by one.
    ///
    /// - Returns: whose standing may have changed.
    package mutating func end(repeating joint: Int64) -> [DropID] {
        repetitions.removeValue(forKey: joint)?.followers ?? []
    }

    /// Those who repeat what a drop began to repeat.
    package func followers(of drop: DropID) -> [DropID] {
        guard !repetitions.isEmpty, let joint = members[drop]?.repeats, let repetition = repetitions[joint],
            repetition.speaker == drop
        else { return [] }
        return repetition.followers
    }

    /// Who began what a drop repeats with others; `nil`: nobody else did.
    func speaker(for drop: DropID) -> DropID? {
        guard !repetitions.isEmpty, let joint = members[drop]?.repeats else { return nil }
        return repetitions[joint]?.speaker
    }

    mutating func endRepetition(of drop: DropID, _ member: Member) {
        guard let joint = member.repeats, repetitions[joint]?.speaker == drop else { return }
        repetitions[joint] = nil
    }

    private func speakers(about keys: IdentityKeys, in inbox: String, but own: Int64? = nil) -> [DropID] {
        repetitions.filter { $0.key != own && $0.value.inbox == inbox && $0.value.keys.meets(keys) }.map(
            \.value.speaker)
    }

    private mutating func wait(_ drop: DropID, for other: DropID) {
        guard let known = members[other] else { return }
        let isNew =
            known.isSettling
            ? members[drop]?.settling.insert(other).inserted : members[drop]?.undecided.insert(other).inserted
        if isNew == true { members[other]?.behind.append(drop) }
    }
}
