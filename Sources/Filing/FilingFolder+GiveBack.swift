import FileSystem
import Model
import SystemPackage

/// A filed drop on its way back.
extension FilingFolder {
    package enum GivenBack: Sendable, Hashable {
        case moved
        /// Its new place is taken.
        case taken
        /// It is not here any more, or is not what was filed: it is somebody else's now.
        case gone
    }

    /// Moves a filed drop back to `work`, if it is still what was filed; where the folders are on two file systems, by a
    /// verified copy.
    ///
    /// - Throws: ``SystemCallError``, always for a reason of this machine, and worth another try.
    package func giveBack(
        _ name: FiledName, hash: [UInt8], to work: Directory, as workName: FileName
    ) throws(SystemCallError) -> GivenBack {
        guard try directory.isFile(name.drop, sha256: hash) else { return .gone }
        do throws(SystemCallError) {
            return try directory.move(name.drop, to: work, as: workName) ? .moved : .taken
        } catch {
            if error.errno == .improperLink { return try copyBack(name, to: work, as: workName) }
            // The answer to a move that took effect may be lost: on NFS it is ENOENT then.
            if try hasGivenBack(name, hash: hash, to: work, as: workName) { return .moved }
            if error.errno == .noSuchFileOrDirectory { return .gone }
            throw error
        }
    }

    /// Whether an earlier try brought a drop to its new place. Within one mount it is here no more then: what lies there
    /// with the same content beside it is another's.
    package func hasGivenBack(
        _ name: FiledName, hash: [UInt8], to work: Directory, as workName: FileName
    ) throws(SystemCallError) -> Bool {
        guard try work.isFile(workName, sha256: hash) else { return false }
        guard try directory.isSameMount(as: work) else { return true }
        return try !directory.isFile(name.drop, sha256: hash)
    }

    private func copyBack(
        _ name: FiledName, to work: Directory, as workName: FileName
    ) throws(SystemCallError) -> GivenBack {
        let source = try OpenFile(reading: name.drop, in: directory)
        // The work folder clears such names away when it finds them at a start.
        let temporary = FileName(".copy-\(try source.status().inode)")
        try FileCopy.make(of: source, in: work, as: temporary, mode: 0o640)
        if try !work.move(temporary, to: work, as: workName) {
            try work.remove(temporary)
            return .taken
        }
        KillPoint.returnCopyPlaced.reach()
        do throws(SystemCallError) {
            try work.sync()
            try directory.remove(name.drop)
            return .moved
        } catch {
            // The original is here: of two, one would be a drop of its own.
            _ = try? work.remove(workName)
            throw error
        }
    }

    /// A stop of the service came between a drop's move back and its end: what is left of it here goes.
    package func clearAfterReturn(
        _ name: FiledName, of drop: DropID, hash: [UInt8], to work: Directory
    ) throws(SystemCallError) {
        // Another drop may have been filed under its name by now.
        if try standing(of: name.sidecar, text: [], drop: drop) == .foreign { return }
        let isCopy = try !directory.isSameMount(as: work)
        if isCopy, try directory.isFile(name.drop, sha256: hash) { try directory.remove(name.drop) }
        try withdraw(name)
    }
}
