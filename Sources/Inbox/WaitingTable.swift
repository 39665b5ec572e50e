import Model

/// The names that wait in an inbox and a little about each, kept small: a hundred thousand files may wait.
///
/// All names lie in one array of bytes, all entries in another; a hash table of numbers finds an entry by its name.
struct WaitingTable: Sendable {
    /// The number of an entry; free for another one when its entry has been removed.
    typealias Slot = UInt32

    /// An entry as it was set once: what is set under its name later, or gets its slot, is another.
    struct Version: Sendable, Hashable {
        let slot: Slot
        fileprivate let number: UInt32
    }

    struct Entry: Sendable {
        fileprivate var nameStart: UInt32 = 0
        fileprivate var nameLength: UInt8 = 0
        fileprivate var isUsed = false
        /// Which of all that were set.
        fileprivate var number: UInt32 = 0
        var flags: Flags = []
        /// Of the status that was seen, but for its change time: equal ones are the same status.
        var fingerprint: Int
        /// The file's change time in nanoseconds since 1970.
        var changed: Int64
        /// Since when it has been quiet, as far as was known when it was first seen so: in nanoseconds since boot.
        var seenAt: Int64
        /// Nanoseconds since 1970, by ``Flags/renamed`` or ``Flags/wentBack``.
        var stamp: Int64 = 0

        init(fingerprint: Int, changed: Int64, seenAt: Int64) {
            self.fingerprint = fingerprint
            self.changed = changed
            self.seenAt = seenAt
        }
    }

    struct Flags: OptionSet, Sendable {
        let rawValue: UInt16

        /// No regular file.
        static let special = Flags(rawValue: 1)
        /// A regular file with more than one link.
        static let linked = Flags(rawValue: 2)
        /// Its end looks like one.
        static let whole = Flags(rawValue: 4)
        /// Its end looks like none.
        static let unfinished = Flags(rawValue: 8)
        /// A rename into the folder was seen at `stamp`, and nothing changed since.
        static let renamed = Flags(rawValue: 16)
        /// It was claimed and given back; it has been quiet since `stamp`.
        static let wentBack = Flags(rawValue: 32)
        /// Its marker is there.
        static let marked = Flags(rawValue: 64)
        /// It is not to be tried before a time that is kept elsewhere.
        static let postponed = Flags(rawValue: 128)
        /// Which of two listings it was last seen in.
        static let listing = Flags(rawValue: 256)
    }

    private var names: [UInt8] = []
    /// Bytes of names that belong to no entry any more.
    private var unusedBytes = 0
    private var entries: [Entry] = []
    /// Free entries, chained by `nameStart`.
    private var firstFree: UInt32 = .max
    /// One more than an entry's number, 0 where nothing is; a power of two long, searched one by one from the hash.
    private var index: [UInt32] = []
    private(set) var count = 0
    /// How many were set so far.
    private var number: UInt32 = 0

    subscript(slot: Slot) -> Entry {
        get { entries[Int(slot)] }
        set { entries[Int(slot)] = newValue }
    }

    func version(of slot: Slot) -> Version { Version(slot: slot, number: self[slot].number) }

    /// Whether an entry is there, as it was.
    func has(_ version: Version) -> Bool {
        guard Int(version.slot) < entries.count else { return false }
        let entry = entries[Int(version.slot)]
        return entry.isUsed && entry.number == version.number
    }

    func name(of slot: Slot) -> FileName { FileName(bytes: names[range(of: slot)]) }

    /// Byte order of two entries' names.
    func precedes(_ left: Slot, _ right: Slot) -> Bool {
        names[range(of: left)].lexicographicallyPrecedes(names[range(of: right)])
    }

    func slot(of name: FileName) -> Slot? {
        guard !index.isEmpty else { return nil }
        var place = home(of: name.bytes[...])
        while index[place] != 0 {
            let slot = index[place] - 1
            if names[range(of: slot)].elementsEqual(name.bytes) { return slot }
            place = (place + 1) & (index.count - 1)
        }
        return nil
    }

    /// Adds an entry, or puts it in the place of the one that has the name.
    mutating func set(_ name: FileName, _ entry: Entry) {
        var entry = entry
        number &+= 1
        entry.number = number
        entry.isUsed = true
        if let slot = slot(of: name) {
            entry.nameStart = self[slot].nameStart
            entry.nameLength = self[slot].nameLength
            self[slot] = entry
            return
        }
        makeRoom()
        entry.nameStart = UInt32(names.count)
        entry.nameLength = UInt8(name.bytes.count)
        names.growBy(name.bytes.count)
        names.append(contentsOf: name.bytes)
        let slot: Slot
        if firstFree != .max {
            slot = firstFree
            firstFree = self[slot].nameStart
            self[slot] = entry
        } else {
            slot = UInt32(entries.count)
            entries.growBy(1)
            entries.append(entry)
        }
        enter(slot)
        count += 1
    }

    mutating func remove(_ slot: Slot) {
        leave(slot)
        unusedBytes += Int(self[slot].nameLength)
        self[slot].isUsed = false
        self[slot].nameStart = firstFree
        firstFree = slot
        count -= 1
        if count == 0 {
            let number = number
            self = WaitingTable()
            self.number = number
        } else if unusedBytes > 4096 && unusedBytes > names.count / 2 {
            packNames()
        }
    }

    func forEach(_ body: (Slot, Entry) -> Void) {
        for slot in entries.indices where entries[slot].isUsed { body(UInt32(slot), entries[slot]) }
    }

    private func range(of slot: Slot) -> Range<Int> {
        let start = Int(entries[Int(slot)].nameStart)
        return start..<(start + Int(entries[Int(slot)].nameLength))
    }

    private mutating func packNames() {
        var packed: [UInt8] = []
        packed.reserveCapacity(names.count - unusedBytes)
        for slot in entries.indices where entries[slot].isUsed {
            let range = range(of: UInt32(slot))
            entries[slot].nameStart = UInt32(packed.count)
            packed.append(contentsOf: names[range])
        }
        names = packed
        unusedBytes = 0
    }

    // MARK: The hash table

    /// Senders choose the names, so the hash is one that they cannot foresee.
    private func home(of name: ArraySlice<UInt8>) -> Int {
        var hasher = Hasher()
        name.withUnsafeBytes { hasher.combine(bytes: $0) }
        return hasher.finalize() & (index.count - 1)
    }

    private mutating func makeRoom() {
        guard (count + 1) * 4 > index.count * 3 else { return }
        index = Array(repeating: 0, count: max(16, index.count * 2))
        for slot in entries.indices where entries[slot].isUsed { enter(UInt32(slot)) }
    }

    private mutating func enter(_ slot: Slot) {
        var place = home(of: names[range(of: slot)])
        while index[place] != 0 { place = (place + 1) & (index.count - 1) }
        index[place] = slot + 1
    }

    /// Takes an entry out and moves those behind it up, so that no search ends too early.
    private mutating func leave(_ slot: Slot) {
        let mask = index.count - 1
        var gap = home(of: names[range(of: slot)])
        while index[gap] != slot + 1 { gap = (gap + 1) & mask }
        var next = (gap + 1) & mask
        while index[next] != 0 {
            let home = home(of: names[range(of: index[next] - 1)])
            if (next - home) & mask >= (next - gap) & mask {
                index[gap] = index[next]
                gap = next
            }
            next = (next + 1) & mask
        }
        index[gap] = 0
    }
}

extension Array {
    /// Makes room for more elements in steps of a quarter: doubling would leave half of a large array empty.
    fileprivate mutating func growBy(_ more: Int) {
        if count + more > capacity { reserveCapacity(count + more + count / 4) }
    }
}
