import FileSystem
import Model

/// Decides when an entry of an inbox is whole and in which order whole entries are taken (contract, section 3).
///
/// A plain value: what was seen goes in with the time, what to do comes out. It never touches the folder.
///
/// ```
/// first seen ──▶ its marker is there ──▶ quiet for `settle` ──▶ its end looks whole ──▶ due
///     ▲   (where one is asked for)                │                │ it does not
///     └───────────────────────────────── changed ─┴────────────────┴──▶ quiet for `partialGrace` ──▶ due, unfinished
/// ```
package struct Settling: Sendable {
    package struct Rules: Sendable, Hashable {
        package var settle: Duration
        package var partialGrace: Duration
        /// A file system of this machine: the change time, which no sender can set, tells since when a file is quiet.
        package var trustsChangeTime: Bool
        /// `sort: name`: whole entries go out by name instead of by arrival.
        package var sortsByName: Bool
        /// `ready`: an entry without its marker is not due.
        package var needsMarker: Bool

        package init(
            settle: Duration, partialGrace: Duration, trustsChangeTime: Bool = true, sortsByName: Bool = false,
            needsMarker: Bool = false
        ) {
            self.settle = settle
            self.partialGrace = partialGrace
            self.trustsChangeTime = trustsChangeTime
            self.sortsByName = sortsByName
            self.needsMarker = needsMarker
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

    /// An entry as it was when it was due, for lists of many: one that has changed since, or another in its place, has a
    /// turn of its own.
    package struct Turn: Sendable, Hashable {
        fileprivate let version: WaitingTable.Version
    }

    private typealias Slot = WaitingTable.Slot

    /// Entries that are not due, whole or not, for as long as this says so.
    package var isLeftAside: (@Sendable (FileName) -> Bool)?

    private var rules: Rules
    private var table = WaitingTable()
    private var wentBack: [FileName: FileStatus] = [:]
    private var notBefore: [FileName: Int64] = [:]
    /// The last rename's stamp: of two renames the later one's is greater, however coarse the clock.
    private var lastRename: Int64 = 0
    private var listing: WaitingTable.Flags = []
    /// When the listing that is under way began, in nanoseconds since boot.
    private var listingBegan: Int64 = 0
    /// How far the clock of moments is ahead of the one on the wall, in nanoseconds. The latter is read to the
    /// millisecond: with a reading for each, files that came closer to one another than that would change places.
    private var ahead: Int64 = 0

    package init(rules: Rules) {
        self.rules = rules
    }

    /// How many entries are waited for.
    package var count: Int { table.count }

    /// Whether the change time tells since when a file is quiet: known when the folder has been opened.
    package var trustsChangeTime: Bool {
        get { rules.trustsChangeTime }
        set { rules.trustsChangeTime = newValue }
    }

    package func contains(_ name: FileName) -> Bool { table.slot(of: name) != nil }

    // MARK: What was seen

    /// An entry was looked at.
    ///
    /// - Parameters:
    ///   - status: `nil`: it is gone.
    ///   - isMarked: its marker was there.
    ///   - now: read at one instant with `time` (``TimeSource/instant``), for a change time is compared with both.
    package mutating func see(
        _ name: FileName, _ status: FileStatus?, renamedIn: Bool = false, isMarked: Bool = false, at now: Moment,
        _ time: Timestamp
    ) {
        guard let status else { return forget(name) }
        let fingerprint = Settling.fingerprint(status)
        if let slot = table.slot(of: name), table[slot].fingerprint == fingerprint,
            table[slot].changed == status.changed
        {
            mark(slot, isMarked: isMarked)
            if renamedIn && table[slot].flags.isDisjoint(with: [.renamed, .wentBack]) { stampRename(slot, time) }
            return
        }
        notBefore[name] = nil
        var entry = WaitingTable.Entry(
            fingerprint: fingerprint, changed: status.changed, seenAt: now.sinceBoot.wholeNanoseconds)
        // From here on time passes as it does, whatever becomes of the clock on the wall.
        if status.links == 1 && tells(entry, time) {
            compareClocks(now, time)
            entry.seenAt = min(entry.seenAt, entry.changed + ahead)
        }
        if status.form != .regular { entry.flags.insert(.special) }
        if status.form == .regular && status.links > 1 { entry.flags.insert(.linked) }
        let earlier = table.slot(of: name).map { table[$0] }
        if let earlier, let content = wentBack[name], content.isSameContent(as: status) {
            entry.flags.formUnion([.wentBack, .unfinished])
            entry.stamp = earlier.stamp
            entry.seenAt = earlier.seenAt
        } else {
            wentBack[name] = nil
        }
        table.set(name, entry)
        guard let slot = table.slot(of: name) else { return }
        mark(slot, isMarked: isMarked)
        if renamedIn && !entry.flags.contains(.wentBack) { stampRename(slot, time) }
    }

    /// Goes on with the last reading for as long as it may be right: to a millisecond, and what lies between two looks at
    /// clocks.
    private mutating func compareClocks(_ now: Moment, _ time: Timestamp) {
        let reading = now.sinceBoot.wholeNanoseconds - time.nanoseconds
        if abs(reading - ahead) > 1_100_000 { ahead = reading }
    }

    private mutating func mark(_ slot: Slot, isMarked: Bool) {
        var flags = table[slot].flags.subtracting([.marked, .listing]).union(listing)
        if isMarked { flags.insert(.marked) }
        table[slot].flags = flags
    }

    /// A rename sets the change time, which tells its moment better than the look that it led to.
    private mutating func stampRename(_ slot: Slot, _ time: Timestamp) {
        let entry = table[slot]
        lastRename = max(lastRename + 1, tells(entry, time) ? entry.changed : time.nanoseconds)
        table[slot].stamp = lastRename
        table[slot].flags.insert(.renamed)
    }

    private static func fingerprint(_ status: FileStatus) -> Int {
        var status = status
        status.changed = 0
        return status.hashValue
    }

    /// A listing begins: what ``see(_:_:renamedIn:isMarked:at:_:)`` is not told of until ``endListing(at:_:)`` is gone.
    package mutating func beginListing(at now: Moment) {
        listing = listing.isEmpty ? .listing : []
        listingBegan = now.sinceBoot.wholeNanoseconds
    }

    /// What it found first, and whose change time tells nothing, was seen at one moment: a folder's order is nobody's. That is
    /// the last one, for none may be due before it has been quiet for `settle`.
    package mutating func endListing(at now: Moment, _ time: Timestamp) {
        let now = now.sinceBoot.wholeNanoseconds
        var gone: [Slot] = []
        var new: [Slot] = []
        table.forEach { slot, entry in
            if entry.flags.intersection(.listing) != listing { return gone.append(slot) }
            if entry.seenAt >= listingBegan, !tells(entry, time) { new.append(slot) }
        }
        for slot in new { table[slot].seenAt = now }
        for name in gone.map(table.name) { forget(name) }
    }

    /// A claimed document went back because only parsing showed that it is unfinished: it waits here for the rest of
    /// `partialGrace`, counted from `quietSince` and not from the rename that brought it back.
    package mutating func takeBack(
        _ name: FileName, _ status: FileStatus, quietSince: Timestamp, isMarked: Bool = false, at now: Moment,
        _ time: Timestamp
    ) {
        var entry = WaitingTable.Entry(
            fingerprint: Settling.fingerprint(status), changed: status.changed,
            seenAt: now.sinceBoot.wholeNanoseconds - max(0, time.nanoseconds - quietSince.nanoseconds))
        entry.flags = [.wentBack, .unfinished]
        entry.stamp = quietSince.nanoseconds
        table.set(name, entry)
        wentBack[name] = status
        if let slot = table.slot(of: name) { mark(slot, isMarked: isMarked) }
    }

    /// What the look at a file's end said.
    package mutating func ended(_ name: FileName, whole: Bool) {
        guard let slot = table.slot(of: name) else { return }
        table[slot].flags.subtract([.whole, .unfinished])
        table[slot].flags.insert(whole ? .whole : .unfinished)
    }

    /// The entry could not be claimed: try again at `moment`.
    package mutating func postpone(_ name: FileName, until moment: Moment) {
        guard let slot = table.slot(of: name) else { return }
        table[slot].flags.insert(.postponed)
        notBefore[name] = moment.sinceBoot.wholeNanoseconds
    }

    /// The entry has been claimed, or is no longer waited for.
    package mutating func forget(_ name: FileName) {
        wentBack[name] = nil
        notBefore[name] = nil
        if let slot = table.slot(of: name) { table.remove(slot) }
    }

    // MARK: What is to be done

    /// Since when an entry has been quiet, as far as can be known; `nil` for an unknown one.
    package func quietSince(_ name: FileName, at now: Moment, _ time: Timestamp) -> Timestamp? {
        table.slot(of: name).map { slot in
            let age = age(table[slot], at: now.sinceBoot.wholeNanoseconds)
            return Timestamp(milliseconds: (time.nanoseconds - age) / 1_000_000)
        }
    }

    /// When an entry became whole (contract, section 3, *arrival*); `nil` for an unknown one.
    package func arrival(_ name: FileName, at now: Moment, _ time: Timestamp) -> Timestamp? {
        table.slot(of: name).map { slot in
            let arrival = arrival(table[slot], at: now.sinceBoot.wholeNanoseconds, time)
            return Timestamp(milliseconds: arrival / 1_000_000)
        }
    }

    /// What is due, in the order in which it is to be done: of what came at once the older change first, then by name.
    package func due(at now: Moment, _ time: Timestamp) -> [Turn] {
        let now = now.sinceBoot.wholeNanoseconds
        var due: [Slot] = []
        table.forEach { slot, entry in
            if let deadline = deadline(slot, entry, at: now, time), deadline <= now { due.append(slot) }
        }
        due.sort { left, right in
            if rules.sortsByName { return table.precedes(left, right) }
            let entries = (table[left], table[right])
            let arrivals = (arrival(entries.0, at: now, time), arrival(entries.1, at: now, time))
            if arrivals.0 != arrivals.1 { return arrivals.0 < arrivals.1 }
            if entries.0.changed != entries.1.changed { return entries.0.changed < entries.1.changed }
            return table.precedes(left, right)
        }
        return due.map { Turn(version: table.version(of: $0)) }
    }

    /// What is to be done with an entry now; `nil` where it is not due, or not there as it was.
    package func action(_ turn: Turn, at now: Moment, _ time: Timestamp) -> Action? {
        table.has(turn.version) ? action(turn.version.slot, at: now, time) : nil
    }

    private func action(_ slot: Slot, at now: Moment, _ time: Timestamp) -> Action? {
        let now = now.sinceBoot.wholeNanoseconds
        let entry = table[slot]
        guard let deadline = deadline(slot, entry, at: now, time), deadline <= now else { return nil }
        let name = table.name(of: slot)
        if !entry.flags.isDisjoint(with: [.special, .linked]) { return .claim(name, .notRegular) }
        if entry.flags.contains(.whole) { return .claim(name, .whole) }
        return entry.flags.contains(.unfinished) ? .claim(name, .unfinished) : .examine(name)
    }

    package func action(_ name: FileName, at now: Moment, _ time: Timestamp) -> Action? {
        table.slot(of: name).flatMap { action($0, at: now, time) }
    }

    /// When something will be due; `nil` while nothing is waited for but markers, and what is left aside.
    package func nextLook(at now: Moment, _ time: Timestamp) -> Moment? {
        let now = now.sinceBoot.wholeNanoseconds
        var next: Int64?
        table.forEach { slot, entry in
            guard let deadline = deadline(slot, entry, at: now, time) else { return }
            next = min(next ?? deadline, deadline)
        }
        return next.map { Moment(sinceBoot: .nanoseconds($0)) }
    }

    /// What an entry waits for; `nil` where it is not there.
    ///
    /// - Parameter marker: the name that its marker would have.
    package func wait(
        for name: FileName, marker: FileName? = nil, at now: Moment, _ time: Timestamp
    ) -> FileWait? {
        guard let slot = table.slot(of: name) else { return nil }
        let entry = table[slot]
        let now = now.sinceBoot.wholeNanoseconds
        guard let deadline = deadline(slot, entry, at: now, time) else {
            return rules.needsMarker && !entry.flags.contains(.marked) ? .marker(marker ?? name) : .due
        }
        if deadline <= now { return .due }
        let until = Moment(sinceBoot: .nanoseconds(deadline))
        if postponed(slot, entry, at: now) != nil { return .postponed(until: until) }
        return entry.flags.contains(.unfinished) ? .unfinished(until: until) : .settling(until: until)
    }

    /// The entry that is shown by this name: names are bytes, and people see text.
    package func name(shownAs text: String) -> FileName? {
        let plain = FileName(text)
        if contains(plain), plain.description == text { return plain }
        var found: FileName?
        table.forEach { slot, _ in
            let name = table.name(of: slot)
            if name.description == text { found = name }
        }
        return found
    }

    // In nanoseconds: a hundred thousand entries are gone through at once.

    /// Until when an entry that could not be claimed is left alone; `nil`: it is not.
    private func postponed(_ slot: Slot, _ entry: WaitingTable.Entry, at now: Int64) -> Int64? {
        guard entry.flags.contains(.postponed), let earliest = notBefore[table.name(of: slot)], earliest > now else {
            return nil
        }
        return earliest
    }

    private func deadline(
        _ slot: Slot, _ entry: WaitingTable.Entry, at now: Int64, _ time: Timestamp
    ) -> Int64? {
        if let earliest = postponed(slot, entry, at: now) { return earliest }
        if rules.needsMarker && !entry.flags.contains(.marked) { return nil }
        if let isLeftAside, isLeftAside(table.name(of: slot)) { return nil }
        // A rename by link and unlink shows two links for a moment; only a second look refuses them.
        if entry.flags.contains(.linked) {
            return entry.seenAt + max(rules.settle, .milliseconds(500)).wholeNanoseconds
        }
        if entry.flags.contains(.unfinished) {
            return now + rules.partialGrace.wholeNanoseconds - age(entry, at: now)
        }
        if entry.flags.contains(.renamed) { return now }
        return now + rules.settle.wholeNanoseconds - age(entry, at: now)
    }

    /// How long an entry has been quiet.
    private func age(_ entry: WaitingTable.Entry, at now: Int64) -> Int64 { now - entry.seenAt }

    /// Whether the entry's change time can be believed.
    private func tells(_ entry: WaitingTable.Entry, _ time: Timestamp) -> Bool {
        rules.trustsChangeTime && entry.changed / 1_000_000 <= time.milliseconds
    }

    /// The rename that was seen, else the quiet's beginning plus `settle`.
    private func arrival(_ entry: WaitingTable.Entry, at now: Int64, _ time: Timestamp) -> Int64 {
        if entry.flags.contains(.renamed) { return entry.stamp }
        // To the nanosecond, for a backlog's files may be closer than the clock's milliseconds.
        let since =
            tells(entry, time) && !entry.flags.contains(.wentBack)
            ? entry.changed : time.nanoseconds - age(entry, at: now)
        return since + rules.settle.wholeNanoseconds
    }
}

extension Timestamp {
    fileprivate var nanoseconds: Int64 { milliseconds * 1_000_000 }
}

extension Duration {
    fileprivate var wholeNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }
}
