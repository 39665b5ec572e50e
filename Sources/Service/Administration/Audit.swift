import FileSystem
import Foundation
import JSONText
import Ledger
import Model
import SystemPackage

/// Compares the ledger with the folders: every drop in exactly one place, whole, with a result that agrees, and nothing
/// in `done` and `failed` that the ledger does not know (contract, section 9).
package struct Audit: Sendable {
    package struct Finding: Sendable, Hashable {
        /// `nil`: a file that no drop belongs to.
        package var drop: DropID?
        package var inbox: String
        package var spot: Spot
        package var message: String
    }

    /// A file's place.
    package struct Spot: Sendable, Hashable, CustomStringConvertible {
        let folder: FilePath
        let name: FileName

        package var description: String { FileName.escaped(Array(folder.string.utf8)) + "/" + name.description }
    }

    package private(set) var findings: [Finding] = []
    /// What the chain over closed drops says.
    package private(set) var chain = ChainReport()
    /// How many drops were looked for, and files at.
    package private(set) var drops = 0
    package private(set) var files = 0

    /// Whether all is as the ledger says, and the ledger as it was.
    package var isClean: Bool { findings.isEmpty && chain.findings.isEmpty }
    package var count: Int { findings.count + chain.findings.count }

    private let administration: Administration

    private struct Place: Hashable {
        let inbox: String
        let folder: Folder
        let name: FileName
    }

    private init(_ administration: Administration) {
        self.administration = administration
    }

    /// - Parameters:
    ///   - since: drops that ended before are taken for granted, and so are their files.
    /// - Throws: what reading the ledger throws; ``SystemCallError`` for folders that cannot be looked into.
    ///   - anchor: an earlier state of the chain over closed drops, which it has to go through.
    package static func run(
        _ administration: Administration, since: Timestamp? = nil, anchor: ChainReport.Anchor? = nil
    ) throws -> Audit {
        var audit = Audit(administration)
        audit.chain = try administration.ledger.verifyChain(since: since, anchor: anchor)
        // Newest first: the newest drop of a name is the one whose file lies there.
        let entries = try administration.ledger.drops(DropQuery(limit: .max))
        var owners: [Place: DropEntry] = [:]
        var later = Later()
        for entry in entries {
            defer { later.add(entry) }
            guard let paths = administration.paths(of: entry.drop.inbox) else { continue }
            let isOld = since.map { entry.finishedAt ?? entry.drop.receivedAt < $0 } ?? false
            guard entry.isFiled, let outcome = entry.outcome, let name = entry.filedName else {
                if !isOld { try audit.checkPending(entry, paths) }
                continue
            }
            // Nothing of it is anywhere any more; a file of its name is another drop's, or nobody's.
            if entry.removedAt != nil { continue }
            let place = Place(inbox: entry.drop.inbox, folder: outcome.folder, name: name)
            let isOwner = owners[place] == nil
            if isOwner { owners[place] = entry }
            if !isOld { try audit.check(entry, at: place, paths, isOwner: isOwner, later) }
        }
        for (inbox, paths) in administration.inboxes {
            for folder in [Folder.done, .failed] { try audit.checkFiles(of: inbox, paths, folder, owners) }
        }
        return audit
    }

    /// What came after a drop in its inbox.
    private struct Later {
        private var names: Set<String> = []
        private var contents: Set<String> = []

        mutating func add(_ entry: DropEntry) {
            names.insert("\(entry.drop.inbox)/\(entry.drop.name)")
            if let sha256 = entry.sha256 { contents.insert("\(entry.drop.inbox)/\(sha256.hex)") }
        }

        /// Whether a drop's file may have come back as another one.
        func mayHold(_ entry: DropEntry) -> Bool {
            let name = entry.filedName ?? entry.drop.name
            return names.contains("\(entry.drop.inbox)/\(entry.drop.name)")
                || names.contains("\(entry.drop.inbox)/\(name)")
                || entry.sha256.map { contents.contains("\(entry.drop.inbox)/\($0.hex)") } ?? false
        }
    }

    private mutating func checkPending(_ entry: DropEntry, _ paths: InboxPaths) throws {
        drops += 1
        let work = entry.drop.workName
        let spot = Spot(folder: work.shelf.map { paths.work.appending(String($0)) } ?? paths.work, name: work.name)
        guard try status(spot) == nil else { return }
        // A service that runs may have gone on meanwhile.
        if let now = try administration.ledger.drop(entry.drop.id), now.isFiled { return }
        note(entry, spot, "it is on its way, and is not in the work folder")
    }

    private mutating func check(
        _ entry: DropEntry, at place: Place, _ paths: InboxPaths, isOwner: Bool, _ later: Later
    ) throws {
        drops += 1
        let spot = Spot(folder: paths.path(of: place.folder), name: place.name)
        let found = isOwner ? try status(spot) : nil
        guard let found else {
            // A failed drop goes back into the inbox; a done one stays.
            if place.folder == .failed, try later.mayHold(entry) || liesInInbox(entry, paths) { return }
            if try isBeingRemoved(entry) { return }
            return note(entry, spot, "its file is missing")
        }
        guard found.form == .regular else {
            if entry.problem?.code == .readNotRegular { return try checkResult(entry, spot) }
            return note(entry, spot, "it is no regular file")
        }
        if found.size != entry.drop.bytes {
            note(entry, spot, "it has \(found.size) bytes; it had \(entry.drop.bytes)")
        } else if let sha256 = entry.sha256, try hash(spot) != sha256 {
            note(entry, spot, "its content is another than what was judged")
        }
        try checkResult(entry, spot)
    }

    private mutating func checkResult(_ entry: DropEntry, _ spot: Spot) throws {
        let sidecar = Spot(folder: spot.folder, name: spot.name.sidecar)
        guard let file = try open(sidecar) else {
            if try isBeingRemoved(entry) { return }
            return note(entry, sidecar, "its result is missing")
        }
        do {
            let result = try JSONDocument(parsing: file.bytes(at: 0, count: Int(file.status().size))).root
            if result["drop"]?["id"]?.string != entry.drop.id.text {
                note(entry, sidecar, "it is the result of another drop")
            } else if try !agrees(result, with: entry) {
                note(entry, sidecar, "it says something else than the ledger")
            }
        } catch is JSONSyntaxError {
            note(entry, sidecar, "it is no JSON")
        }
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

    /// Everything in a folder belongs to a drop, or to a drop as its result.
    private mutating func checkFiles(
        of inbox: String, _ paths: InboxPaths, _ folder: Folder, _ owners: [Place: DropEntry]
    ) throws {
        guard let directory = try directory(paths.path(of: folder)) else { return }
        let sidecars = Set(
            owners.filter { $0.key.inbox == inbox && $0.key.folder == folder }.map { $0.key.name.sidecar })
        for name in try directory.list() {
            files += 1
            let place = Place(inbox: inbox, folder: folder, name: name)
            if owners[place] != nil || sidecars.contains(name) { continue }
            // A service that runs files a drop before the ledger says so.
            if try isBeingFiled(name, inbox, folder) { continue }
            findings.append(
                Finding(
                    drop: nil, inbox: inbox, spot: Spot(folder: paths.path(of: folder), name: name),
                    message: "no drop of the ledger belongs to it"))
        }
    }

    private func isBeingFiled(_ name: FileName, _ inbox: String, _ folder: Folder) throws -> Bool {
        let suffix = ".result.json"
        var names = [name]
        if name.hasSuffix(suffix) { names.append(FileName(bytes: name.bytes.dropLast(suffix.utf8.count))) }
        return try names.contains { name in
            guard let owner = try administration.ledger.drop(filedAs: name, in: folder, of: inbox) else { return false }
            return owner.removedAt == nil
        }
    }

    /// Whether retention has begun to remove it, or has just done so.
    private func isBeingRemoved(_ entry: DropEntry) throws -> Bool {
        switch try administration.ledger.drop(entry.drop.id)?.removal {
        case .begun, .removed: true
        case .kept, nil: false
        }
    }

    private func liesInInbox(_ entry: DropEntry, _ paths: InboxPaths) throws -> Bool {
        let names = [entry.drop.name, entry.filedName ?? entry.drop.name]
        return try names.contains { try status(Spot(folder: paths.inbox, name: $0)) != nil }
    }

    private mutating func note(_ entry: DropEntry, _ spot: Spot, _ message: String) {
        findings.append(Finding(drop: entry.drop.id, inbox: entry.drop.inbox, spot: spot, message: message))
    }

    // MARK: Looking

    private func directory(_ path: FilePath) throws(SystemCallError) -> Directory? {
        do throws(SystemCallError) {
            return try Directory(opening: path)
        } catch {
            if error.errno == .noSuchFileOrDirectory { return nil }
            throw error
        }
    }

    private func status(_ spot: Spot) throws(SystemCallError) -> FileStatus? {
        try directory(spot.folder)?.status(of: spot.name)
    }

    /// - Returns: `nil` where it is not there.
    private func open(_ spot: Spot) throws(SystemCallError) -> OpenFile? {
        guard let folder = try directory(spot.folder), try folder.status(of: spot.name) != nil else { return nil }
        return try OpenFile(reading: spot.name, in: folder)
    }

    private func hash(_ spot: Spot) throws(SystemCallError) -> [UInt8]? {
        guard let file = try open(spot) else { return nil }
        return try FileCopy.hash(of: file)
    }
}
