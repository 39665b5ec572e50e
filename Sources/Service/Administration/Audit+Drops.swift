import FileSystem
import Filing
import JSONText
import Ledger
import Model
import SystemPackage

/// One drop at a time, while a service may go on with it. Two things keep that from looking like a fault: places are
/// looked at in the order in which a file goes through them, and what is wrong counts only where the ledger says the same
/// of the drop before and after the look.
extension Audit {
    private struct Fault {
        let spot: Spot
        let message: String
    }

    /// How a drop's file looks in a place.
    private enum Sight: Equatable {
        case absent, whole
        case wrong(String)
    }

    /// - Parameter isOwner: whether the file that has its name in its folder is its own, and no later drop's.
    mutating func check(_ entry: DropEntry, isOwner: Bool, _ later: Later) throws {
        drops += 1
        var (entry, isOwner) = (entry, isOwner)
        while let paths = administration.paths(of: entry.drop.inbox) {
            let faults = try faults(of: entry, paths, isOwner: isOwner, later)
            if faults.isEmpty { return }
            let now = try administration.ledger.drop(entry.drop.id) ?? entry
            let isNowOwner = try owns(now)
            if now == entry, isNowOwner == isOwner {
                for fault in faults { note(entry, fault) }
                return
            }
            (entry, isOwner) = (now, isNowOwner)
        }
    }

    /// Whether a drop was the last one that was given its name in its folder.
    private func owns(_ entry: DropEntry) throws -> Bool {
        guard entry.isFiled, let outcome = entry.outcome, let name = entry.filedName else { return true }
        let last = try administration.ledger.drop(filedAs: name, in: outcome.folder, of: entry.drop.inbox)
        return last?.drop.id == entry.drop.id
    }

    private mutating func note(_ entry: DropEntry, _ fault: Fault) {
        findings.append(
            Finding(drop: entry.drop.id, inbox: entry.drop.inbox, spot: fault.spot, message: fault.message))
    }

    private mutating func faults(
        of entry: DropEntry, _ paths: InboxPaths, isOwner: Bool, _ later: Later
    ) throws -> [Fault] {
        if entry.removedAt != nil { return [] }
        guard entry.isFiled else { return try faults(ofPending: entry, paths) }
        let faults = try faults(ofFiled: entry, paths, isOwner: isOwner, later)
        // The service may be about to put it back.
        if !faults.isEmpty, let place = try administration.ledger.returning(entry.drop.id),
            try sight(of: entry, at: spot(of: place, paths)) == .whole
        {
            return []
        }
        return faults
    }

    private func faults(ofPending entry: DropEntry, _ paths: InboxPaths) throws -> [Fault] {
        let spot = spot(of: entry.drop.workName, paths)
        let sight = try sight(of: entry, at: spot)
        if sight == .whole { return [] }
        // It gets to its folder before the ledger says so.
        if let filed = filedSpot(of: entry, paths), try self.sight(of: entry, at: filed) == .whole { return [] }
        switch sight {
        case .wrong(let message): return [Fault(spot: spot, message: message)]
        case .absent, .whole: return [Fault(spot: spot, message: "it is on its way, and is not in the work folder")]
        }
    }

    private mutating func faults(
        ofFiled entry: DropEntry, _ paths: InboxPaths, isOwner: Bool, _ later: Later
    ) throws -> [Fault] {
        guard let spot = filedSpot(of: entry, paths) else { return [] }
        var faults: [Fault] = []
        switch isOwner ? try sight(of: entry, at: spot) : .absent {
        case .absent:
            // A failed drop goes back into the inbox; a done one stays.
            if try entry.removal == .begun || entry.outcome == .failed && mayHaveGoneBack(entry, paths, later) {
                return []
            }
            return [Fault(spot: spot, message: "its file is missing")]
        case .wrong(let message): faults.append(Fault(spot: spot, message: message))
        case .whole: if let copy = try secondCopy(of: entry, paths) { faults.append(copy) }
        }
        if let fault = try faultOfResult(entry, spot) { faults.append(fault) }
        return faults
    }

    private func spot(of place: WorkName, _ paths: InboxPaths) -> Spot {
        Spot(folder: place.shelf.map { paths.work.appending(String($0)) } ?? paths.work, name: place.name)
    }

    /// `nil` for a drop that has no name in a folder so far.
    private func filedSpot(of entry: DropEntry, _ paths: InboxPaths) -> Spot? {
        guard let outcome = entry.outcome, let name = entry.filedName else { return nil }
        return Spot(folder: paths.path(of: outcome.folder), name: name)
    }

    private func sight(of entry: DropEntry, at spot: Spot) throws(SystemCallError) -> Sight {
        guard let found = try status(spot) else { return .absent }
        guard found.form == .regular else {
            return entry.problem?.code == .readNotRegular ? .whole : .wrong("it is no regular file")
        }
        if found.size != entry.drop.bytes { return .wrong("it has \(found.size) bytes; it had \(entry.drop.bytes)") }
        guard let sha256 = entry.sha256 else { return .whole }
        do throws(SystemCallError) {
            guard let file = try open(spot) else { return .absent }
            return try FileCopy.hash(of: file) == sha256
                ? .whole : .wrong("its content is another than what was judged")
        } catch {
            return .wrong("it cannot be read: \(error.errno)")
        }
    }

    /// Whether a failed drop's file may have been put back, by hand or by `sluice retry`: from its folder into the inbox,
    /// from there to `.work`, and from there it is known as another drop.
    private func mayHaveGoneBack(_ entry: DropEntry, _ paths: InboxPaths, _ later: Later) throws -> Bool {
        if later.mayHold(entry) { return true }
        let names = [entry.drop.name, entry.filedName ?? entry.drop.name]
        if try names.contains(where: { try status(Spot(folder: paths.inbox, name: $0)) != nil }) { return true }
        if try workNames(in: paths.work).contains(where: { names.contains($0.name) }) { return true }
        return try administration.ledger.hasDrop(
            after: entry.drop.arrival, named: names, orWith: entry.sha256, in: entry.drop.inbox)
    }

    /// A filed drop's file that still lies in `.work`, and belongs to none that is on its way.
    private mutating func secondCopy(of entry: DropEntry, _ paths: InboxPaths) throws -> Fault? {
        let (place, inbox) = (entry.drop.workName, entry.drop.inbox)
        guard entry.sha256 != nil, inWork[inbox]?.contains(place) == true else { return nil }
        let spot = spot(of: place, paths)
        guard let before = try status(spot), before.form == .regular, try sight(of: entry, at: spot) == .whole,
            mayBeLeft(before, of: entry), try administration.ledger.drop(underWayAt: place, in: inbox) == nil,
            // One that was on its way, and is filed by now, has left.
            try status(spot)?.inode == before.inode
        else { return nil }
        // It is one file, however many drops had the same.
        inWork[inbox]?.remove(place)
        return Fault(spot: spot, message: "it is in its folder, and the same lies in the work folder, too")
    }

    /// A running service has claimed files, the same ones sent again among them, which the ledger does not know so far.
    /// They came after the drop's end: its place was taken until then.
    private func mayBeLeft(_ file: FileStatus, of entry: DropEntry) -> Bool {
        guard administration.isServed, let end = entry.finishedAt else { return true }
        return file.changedAt + Audit.grain < end
    }

    /// How far a file's times may be behind the clock (`CLOCK_REALTIME_COARSE`).
    private static let grain = Duration.milliseconds(20)

    // MARK: Results

    private func faultOfResult(_ entry: DropEntry, _ spot: Spot) throws -> Fault? {
        let sidecar = Spot(folder: spot.folder, name: spot.name.sidecar)
        guard let folder = try directory(spot.folder), try folder.status(of: sidecar.name) != nil else {
            return entry.removal == .begun ? nil : Fault(spot: sidecar, message: "its result is missing")
        }
        let file = try ResultFile(sidecar.name, in: folder)
        guard let file, let result = file.root else { return Fault(spot: sidecar, message: "it is no result") }
        if file.drop != entry.drop.id { return Fault(spot: sidecar, message: "it is the result of another drop") }
        return try agrees(result, with: entry)
            ? nil : Fault(spot: sidecar, message: "it says something else than the ledger")
    }

    private func agrees(_ result: JSONValue, with entry: DropEntry) throws -> Bool {
        guard let kept = try administration.ledger.result(of: entry.drop.id) else { return false }
        let expected = try JSONDocument(parsing: kept.sidecar).root
        return Audit.said(result) == Audit.said(expected)
    }

    /// What a result says, apart from words, which another version puts in another way, and from what `results` leaves
    /// out.
    private static func said(_ result: JSONValue) -> [String?] {
        var said = ["outcome", "code", "duplicateOf"].map { result[$0]?.string }
        said += ["name", "kind", "sha256", "receivedAt", "finishedAt"].map { result["drop"]?[$0]?.string }
        guard let batches = result["batches"] else { return said }
        for index in 0..<batches.count {
            said += ["reference", "state"].map { batches[index]?[$0]?.string }
            said.append(batches[index]?["attempts"].map { "\($0.count) attempts" })
        }
        return said
    }
}
