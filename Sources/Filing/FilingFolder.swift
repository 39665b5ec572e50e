import FileSystem
import Model
import SystemPackage
import Synchronization

/// A `done` or `failed` folder: results and drops come in together, and nothing in it is ever overwritten.
package final class FilingFolder: Sendable {
    let directory: Directory
    /// Names that were given to drops which are not here yet.
    private let reserved = Mutex<Set<FileName>>([])

    /// Opens the folder, and makes it with mode 0750 where it is missing.
    package init(at path: FilePath) throws(SystemCallError) {
        let (parent, name) = try Directory.containing(path)
        directory = try parent.subdirectory(name, makingWith: 0o750)
    }

    package var path: FilePath { directory.path }

    /// Whether no drop is on its way here.
    package var isIdle: Bool { reserved.withLock(\.isEmpty) }

    /// Chooses the name that a drop will have here: one that is free, with its sidecar's.
    package func reserve(_ name: FileName) throws(SystemCallError) -> FiledName {
        while true {
            let candidate = FiledName.candidate(name, number: try freeNumber(for: name))
            let isFree = reserved.withLock { $0.insert(candidate.drop).inserted }
            guard isFree else { continue }
            // Between the look and now another may have had it, and be here.
            if try isThere(candidate) {
                release(candidate)
                continue
            }
            return candidate
        }
    }

    /// The first number whose name is free; where numbers in between are free, too, one of them. A name that is used for
    /// ever has hundreds of thousands of them: they are not tried one by one.
    private func freeNumber(for name: FileName) throws(SystemCallError) -> Int {
        var (taken, free) = (0, 1)
        while try isTaken(FiledName.candidate(name, number: free)) { (taken, free) = (free, free * 2) }
        while free - taken > 1 {
            let middle = taken + (free - taken) / 2
            if try isTaken(FiledName.candidate(name, number: middle)) { taken = middle } else { free = middle }
        }
        return free
    }

    private func isTaken(_ name: FiledName) throws(SystemCallError) -> Bool {
        if reserved.withLock({ $0.contains(name.drop) }) { return true }
        return try isThere(name)
    }

    private func isThere(_ name: FiledName) throws(SystemCallError) -> Bool {
        if try directory.status(of: name.drop) != nil { return true }
        return try directory.status(of: name.sidecar) != nil
    }

    /// Keeps a name that was chosen in an earlier run of the service from being chosen again.
    package func hold(_ name: FiledName) {
        reserved.withLock { _ = $0.insert(name.drop) }
    }

    /// Keeps a name for as long as its drop is removed, so that no other is filed under it meanwhile.
    ///
    /// - Returns: `false` where a drop of that name is on its way here.
    package func holdForRemoval(_ name: FiledName) -> Bool {
        reserved.withLock { $0.insert(name.drop).inserted }
    }

    /// The drop is here under its name, or will never be.
    package func release(_ name: FiledName) {
        reserved.withLock { _ = $0.remove(name.drop) }
    }

    /// Puts a result in place. Doing it again with the same bytes changes nothing; this drop's own earlier one is
    /// replaced, and so is one that a power loss left in pieces.
    ///
    /// - Returns: `false` where something else has the name.
    package func place(sidecar bytes: [UInt8], _ name: FiledName, drop: DropID) throws(SystemCallError) -> Bool {
        let temporary = FilingFolder.temporary(.result, of: drop)
        let file = try OpenFile(creating: temporary, in: directory, .overwriting(mode: 0o640))
        try file.write(bytes)
        KillPoint.resultWritten.reach()
        if try directory.move(temporary, to: directory, as: name.sidecar) { return true }
        switch try standing(of: name.sidecar, text: bytes, drop: drop) {
        case .same: try directory.remove(temporary)
        case .replaceable: try directory.replace(name.sidecar, with: temporary)
        case .foreign:
            try directory.remove(temporary)
            return false
        }
        return true
    }

    /// Whether something has a drop's name here.
    package func has(_ name: FiledName) throws(SystemCallError) -> Bool { try directory.status(of: name.drop) != nil }

    /// Takes a result away again: its drop gets another name.
    package func withdraw(_ name: FiledName) throws(SystemCallError) {
        try directory.remove(name.sidecar)
        KillPoint.resultWithdrawn.reach()
    }

    /// Takes away what may be here under a name that the file system does not take.
    package func withdraw(refused name: FiledName) throws(SystemCallError) {
        do throws(SystemCallError) {
            try withdraw(name)
        } catch {
            guard error.mayRefuseName else { throw error }
        }
    }

    /// Moves a claimed file here; where the folders are on two file systems, by a verified copy.
    ///
    /// - Returns: `false` where something else has the name. A drop that is here already is fine.
    /// - Throws: ``SystemCallError``, always for a reason of this machine, and worth another try.
    package func take(
        _ workName: FileName, from work: Directory, as name: FiledName, drop: DropID
    ) throws(SystemCallError) -> Bool {
        do throws(SystemCallError) {
            if try work.move(workName, to: directory, as: name.drop) { return true }
            // It has the name itself where a run before this one moved it and was stopped before it could say so.
            return try work.status(of: workName) == nil
        } catch {
            guard error.errno == .improperLink || error.errno == .noSuchFileOrDirectory else { throw error }
        }
        guard let status = try work.status(of: workName) else {
            if try directory.status(of: name.drop) != nil { return true }
            throw SystemCallError("fstatat", work.describe(workName), .noSuchFileOrDirectory)
        }
        // Made anew, a link, pipe, socket or device is all that it was.
        guard status.form == .regular else { return try work.recreate(workName, in: directory, as: name.drop) }
        return try copy(workName, from: work, as: name, drop: drop)
    }

    private func copy(
        _ workName: FileName, from work: Directory, as name: FiledName, drop: DropID
    ) throws(SystemCallError) -> Bool {
        let temporary = FilingFolder.temporary(.copy, of: drop)
        let source = try OpenFile(reading: workName, in: work)
        // What has other names may be somebody else's, and its copy is for nobody's eyes.
        let mode: UInt32 = try source.status().isLinked ? 0o600 : 0o640
        let fingerprint = try FileCopy.make(of: source, in: directory, as: temporary, mode: mode)
        KillPoint.copyMade.reach()
        if try !directory.move(temporary, to: directory, as: name.drop) {
            try directory.remove(temporary)
            // A run before this one may have put its copy here and been stopped before the original went.
            guard try directory.status(of: name.drop)?.form == .regular,
                try FileCopy.fingerprint(of: OpenFile(reading: name.drop, in: directory)) == fingerprint
            else { return false }
        }
        KillPoint.copyPlaced.reach()
        try directory.sync()
        try work.remove(workName)
        // On another disk: after a power loss it would be there again, and be a new drop.
        try work.sync()
        KillPoint.originalRemoved.reach()
        return true
    }
}
