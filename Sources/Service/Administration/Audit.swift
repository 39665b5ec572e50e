import FileSystem
import Filing
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

    package internal(set) var findings: [Finding] = []
    /// What the chain over closed drops says.
    package private(set) var chain = ChainReport()
    /// How many drops were looked for, and files at.
    package internal(set) var drops = 0
    package private(set) var files = 0

    /// Whether all is as the ledger says, and the ledger as it was.
    package var isClean: Bool { findings.isEmpty && chain.findings.isEmpty }
    package var count: Int { findings.count + chain.findings.count }

    let administration: Administration
    /// What lies in work folders, by inbox. Read after the ledger.
    var inWork: [String: Set<WorkName>] = [:]

    private struct Place: Hashable {
        let inbox: String
        let folder: Folder
        let name: FileName

        /// `nil` for a drop that is not filed, or not any more.
        init?(of entry: DropEntry) {
            guard entry.isFiled, entry.removedAt == nil, let outcome = entry.outcome, let name = entry.filedName
            else { return nil }
            self.init(inbox: entry.drop.inbox, folder: outcome.folder, name: name)
        }

        init(inbox: String, folder: Folder, name: FileName) {
            (self.inbox, self.folder, self.name) = (inbox, folder, name)
        }
    }

    private init(_ administration: Administration) {
        self.administration = administration
    }

    /// - Parameters:
    ///   - since: drops that ended before are taken for granted, and so are their files.
    ///   - anchor: an earlier state of the chain over closed drops, which it has to go through.
    /// - Throws: what reading the ledger throws; ``SystemCallError`` for folders that cannot be looked into.
    package static func run(
        _ administration: Administration, since: Timestamp? = nil, anchor: ChainReport.Anchor? = nil
    ) throws -> Audit {
        var audit = Audit(administration)
        audit.chain = try administration.ledger.verifyChain(since: since, anchor: anchor)
        // Newest first: the newest drop of a name is the one whose file lies there.
        let entries = try administration.ledger.drops(DropQuery(limit: .max))
        for (inbox, paths) in administration.inboxes { audit.inWork[inbox] = try audit.workNames(in: paths.work) }
        var owners: [Place: DropEntry] = [:]
        var later = Later()
        for entry in entries {
            defer { later.add(entry) }
            // Nothing of one that was removed is anywhere; a file of its name is another drop's, or nobody's.
            guard administration.paths(of: entry.drop.inbox) != nil, entry.removedAt == nil else { continue }
            let place = Place(of: entry)
            let isOwner = place.map { owners[$0] == nil } ?? true
            if let place, isOwner { owners[place] = entry }
            let isOld = since.map { entry.finishedAt ?? entry.drop.receivedAt < $0 } ?? false
            if !isOld { try audit.check(entry, isOwner: isOwner, later) }
        }
        for (inbox, paths) in administration.inboxes {
            for folder in [Folder.done, .failed] { try audit.checkFiles(of: inbox, paths, folder, owners) }
        }
        return audit
    }

    /// What came after a drop in its inbox.
    struct Later {
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
            if try isBeingFiled(name, inbox, folder) || isBeingWritten(name) { continue }
            // Or it was put back, removed or given its name since the folder was listed.
            if try directory.status(of: name) == nil { continue }
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

    /// Whether it is a drop's result or copy before it gets its name.
    private func isBeingWritten(_ name: FileName) throws -> Bool {
        guard let drop = FilingFolder.dropOfTemporary(name) else { return false }
        return try administration.ledger.drop(drop).map { !$0.isFiled } ?? false
    }

    // MARK: Looking

    func directory(_ path: FilePath) throws(SystemCallError) -> Directory? {
        do throws(SystemCallError) {
            return try Directory(opening: path)
        } catch {
            if error.errno == .noSuchFileOrDirectory { return nil }
            throw error
        }
    }

    func status(_ spot: Spot) throws(SystemCallError) -> FileStatus? {
        try directory(spot.folder)?.status(of: spot.name)
    }

    /// - Returns: `nil` where it is not there.
    func open(_ spot: Spot) throws(SystemCallError) -> OpenFile? {
        guard let folder = try directory(spot.folder) else { return nil }
        do throws(SystemCallError) {
            return try OpenFile(reading: spot.name, in: folder)
        } catch {
            if error.errno == .noSuchFileOrDirectory { return nil }
            throw error
        }
    }

    /// The places in a work folder where something lies, those on its shelves included.
    func workNames(in path: FilePath) throws(SystemCallError) -> Set<WorkName> {
        var places: Set<WorkName> = []
        for name in try directory(path)?.list() ?? [] {
            places.insert(WorkName(name: name))
            guard let shelf = Int(name.description),
                try status(Spot(folder: path, name: name))?.form == .directory
            else { continue }
            for name in try directory(path.appending(String(shelf)))?.list() ?? [] {
                places.insert(WorkName(shelf: shelf, name: name))
            }
        }
        return places
    }
}
