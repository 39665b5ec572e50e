import FileSystem
import Model

/// Decides when an entry of an inbox is whole and in which order whole entries are taken (contract, section 3).
///
/// A plain value: what was seen goes in with the time, what to do comes out. It never touches the folder.
///
/// ```
/// first seen ──▶ quiet for `settle` ──▶ its end looks whole ──▶ due
///     ▲  changed │                           │ it does not
///     └──────────┴───────────────────────────┴──▶ quiet for `partialGrace` ──▶ due, unfinished
/// ```
package struct Settling: Sendable {
    package struct Rules: Sendable, Hashable {
        package var settle: Duration
        package var partialGrace: Duration
        /// A file system of this machine: the change time, which no sender can set, tells since when a file is quiet.
        package var trustsChangeTime: Bool
        /// `sort: name`: whole entries go out by name instead of by arrival.
        package var sortsByName: Bool

        package init(
            settle: Duration, partialGrace: Duration, trustsChangeTime: Bool = true, sortsByName: Bool = false
        ) {
            self.settle = settle
            self.partialGrace = partialGrace
            self.trustsChangeTime = trustsChangeTime
            self.sortsByName = sortsByName
        }
    }

    /// What is to be done with an entry now.
    package enum Action: Sendable, Hashable {
        /// Look at the file's end, and say what it is with ``ended(_:whole:at:)``.
        case examine(FileName)
        /// Claim it.
        case claim(FileName, Condition)
    }

    /// How an entry is when it is claimed.
    package enum Condition: Sendable, Hashable {
        case whole
        /// Its end is not one, and nothing came for `partialGrace`.
        case unfinished
        /// A link, pipe, socket, device, or a file with more than one link.
        case notRegular
    }

    private struct Entry {
        var status: FileStatus
        /// When it was first seen with this status, on both clocks.
        var seenAt: Moment
        var seenTime: Timestamp
        /// When a rename into the folder was seen, and nothing changed since.
        var renamedAt: Timestamp?
        /// Since when it has been quiet, where an earlier look knows better than the change time.
        var quietSince: Timestamp?
        /// A claim failed for a reason of ours; it is tried again then.
        var notBefore: Moment?
        var end: End
        enum End { case unknown, whole, unfinished }
    }

    private let rules: Rules
    private var entries: [FileName: Entry] = [:]

    package init(rules: Rules) {
        self.rules = rules
    }

    /// How many entries are waited for.
    package var count: Int { entries.count }

    /// An entry was looked at.
    ///
    /// - Parameter status: `nil`: it is gone.
    package mutating func see(
        _ name: FileName, _ status: FileStatus?, renamedIn: Bool = false, at now: Moment, _ time: Timestamp
    ) {
        guard let status else {
            entries[name] = nil
            return
        }
        if var entry = entries[name], entry.status == status {
            if renamedIn && entry.renamedAt == nil { entry.renamedAt = time }
            entries[name] = entry
            return
        }
        var entry = Entry(status: status, seenAt: now, seenTime: time, end: .unknown)
        if renamedIn { entry.renamedAt = time }
        if let earlier = entries[name], earlier.status.isSameContent(as: status), earlier.quietSince != nil {
            entry.quietSince = earlier.quietSince
            entry.end = earlier.end
        }
        entries[name] = entry
    }

    /// A claimed document went back because only parsing showed that it is unfinished: it waits here for the rest of
    /// `partialGrace`, counted from `quietSince` and not from the rename that brought it back.
    package mutating func takeBack(_ name: FileName, _ status: FileStatus, quietSince: Timestamp, at now: Moment) {
        entries[name] = Entry(
            status: status, seenAt: now, seenTime: quietSince, quietSince: quietSince, end: .unfinished)
    }

    /// What the look at a file's end said.
    package mutating func ended(_ name: FileName, whole: Bool) {
        entries[name]?.end = whole ? .whole : .unfinished
    }

    /// The entry could not be claimed: try again at `moment`.
    package mutating func postpone(_ name: FileName, until moment: Moment) {
        entries[name]?.notBefore = moment
    }

    /// The entry has been claimed, or is no longer waited for.
    package mutating func forget(_ name: FileName) {
        entries[name] = nil
    }

    /// Since when an entry has been quiet, as far as can be known; `nil` for an unknown one.
    package func quietSince(_ name: FileName, at time: Timestamp) -> Timestamp? {
        entries[name].map { quietSince($0, at: time) }
    }

    /// What is due, in the order in which it is to be done.
    package func due(at now: Moment, _ time: Timestamp) -> [Action] {
        var due: [(name: FileName, arrival: Timestamp, action: Action)] = []
        for (name, entry) in entries where deadline(entry, at: now, time) <= now {
            due.append((name, arrival(entry, at: time), action(name, entry)))
        }
        due.sort {
            if rules.sortsByName || $0.arrival == $1.arrival { $0.name < $1.name } else { $0.arrival < $1.arrival }
        }
        return due.map(\.action)
    }

    /// Whether an entry is still due to be claimed as it was when ``due(at:_:)`` said so.
    package func isDue(_ name: FileName, _ condition: Condition, at now: Moment, _ time: Timestamp) -> Bool {
        guard let entry = entries[name], deadline(entry, at: now, time) <= now else { return false }
        return action(name, entry) == .claim(name, condition)
    }

    /// When something will be due; `nil` while nothing is waited for.
    package func nextLook(at now: Moment, _ time: Timestamp) -> Moment? {
        entries.values.map { deadline($0, at: now, time) }.min()
    }

    private func action(_ name: FileName, _ entry: Entry) -> Action {
        if isOdd(entry.status) { return .claim(name, .notRegular) }
        return switch entry.end {
        case .unknown: .examine(name)
        case .whole: .claim(name, .whole)
        case .unfinished: .claim(name, .unfinished)
        }
    }

    private func deadline(_ entry: Entry, at now: Moment, _ time: Timestamp) -> Moment {
        if let notBefore = entry.notBefore, notBefore > now { return notBefore }
        // A rename by link and unlink shows two links for a moment; only a second look refuses them.
        if entry.status.form == .regular && entry.status.links > 1 {
            return entry.seenAt + max(rules.settle, .milliseconds(500))
        }
        if entry.end == .unfinished { return now + (rules.partialGrace - age(entry, at: now, time)) }
        if entry.renamedAt != nil { return now }
        return now + (rules.settle - age(entry, at: now, time))
    }

    /// How long an entry has been quiet.
    private func age(_ entry: Entry, at now: Moment, _ time: Timestamp) -> Duration {
        let sinceSeen = now - entry.seenAt
        if let quietSince = entry.quietSince { return max(sinceSeen, quietSince.duration(to: time)) }
        guard rules.trustsChangeTime, entry.status.changedAt <= time else { return sinceSeen }
        return entry.status.changedAt.duration(to: time)
    }

    private func quietSince(_ entry: Entry, at time: Timestamp) -> Timestamp {
        if let quietSince = entry.quietSince { return quietSince }
        guard rules.trustsChangeTime, entry.status.changedAt <= time else { return entry.seenTime }
        return entry.status.changedAt
    }

    /// The rename that was seen, else the quiet's beginning plus `settle`.
    private func arrival(_ entry: Entry, at time: Timestamp) -> Timestamp {
        entry.renamedAt ?? quietSince(entry, at: time) + rules.settle
    }

    private func isOdd(_ status: FileStatus) -> Bool {
        status.form != .regular || status.links > 1
    }
}
