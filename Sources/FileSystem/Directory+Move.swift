import CLinux
import Glibc
import Model
import SystemPackage

/// Moves that never land on another entry.
///
/// `renameat2(RENAME_NOREPLACE)` does that in one step. Some file systems do not know it (NFS, 9p, FUSE programs of the
/// older sort: EINVAL); what is done there depends on who else may write to the target.
extension Directory {
    /// Moves an entry to a folder that nobody but the service writes to, where a look before the rename is enough.
    ///
    /// - Returns: `false` where `newName` is taken; nothing has happened then.
    /// - Throws: ``SystemCallError``; ENOENT where the entry is gone, EXDEV where the folders are on two file systems.
    package func move(
        _ name: FileName, to target: Directory, as newName: FileName
    ) throws(SystemCallError) -> Bool {
        if let isMoved = try moveInOneStep(name, to: target, as: newName) { return isMoved }
        return try moveAfterALook(name, to: target, as: newName)
    }

    /// Moves an entry to a folder where others write, too.
    ///
    /// - Returns: `false` where `newName` is taken; nothing has happened then.
    /// - Throws: ``SystemCallError``; EPERM or EOPNOTSUPP where the file system can do it neither way.
    package func move(
        _ name: FileName, toShared target: Directory, as newName: FileName
    ) throws(SystemCallError) -> Bool {
        if let isMoved = try moveInOneStep(name, to: target, as: newName) { return isMoved }
        return try moveByLink(name, to: target, as: newName)
    }

    /// - Returns: `nil` where the file system has no such rename.
    private func moveInOneStep(
        _ name: FileName, to target: Directory, as newName: FileName
    ) throws(SystemCallError) -> Bool? {
        let answer = name.withCString { from in
            newName.withCString { to in
                renameat2(descriptor, from, target.descriptor, to, SLUICE_RENAME_NOREPLACE)
            }
        }
        if answer == 0 { return true }
        switch Glibc.errno {
        case EEXIST: return false
        case EINVAL, ENOSYS: return nil
        default: throw .last("renameat2", "\(describe(name)) to \(target.describe(newName))")
        }
    }

    /// One look and its rename at a time in a folder: of two moves to one name, by whatever threads, the later finds it
    /// taken.
    static let looks = FolderTurns()

    /// A look at the new name, then the rename: in one step for whoever looks on, but safe only where no other process
    /// could take the name in between.
    package func moveAfterALook(
        _ name: FileName, to target: Directory, as newName: FileName
    ) throws(SystemCallError) -> Bool {
        try Directory.looks.inTurn(in: target) { () throws(SystemCallError) in
            guard try target.status(of: newName) == nil else { return false }
            let answer = name.withCString { from in
                newName.withCString { to in renameat(descriptor, from, target.descriptor, to) }
            }
            guard answer == 0 else { throw .last("renameat", "\(describe(name)) to \(target.describe(newName))") }
            return true
        }
    }

    /// A second link under the new name, then the end of the first. Stopped in between, the entry has both names.
    package func moveByLink(
        _ name: FileName, to target: Directory, as newName: FileName
    ) throws(SystemCallError) -> Bool {
        let answer = name.withCString { from in
            newName.withCString { to in linkat(descriptor, from, target.descriptor, to, 0) }
        }
        guard answer == 0 else {
            if Glibc.errno == EEXIST { return false }
            throw .last("linkat", "\(describe(name)) to \(target.describe(newName))")
        }
        try remove(name)
        return true
    }
}
