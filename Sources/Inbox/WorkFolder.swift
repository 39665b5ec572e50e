import FileSystem
import Model
import SystemPackage

/// The folder of claimed drops: the service's own, on the inbox's file system.
package struct WorkFolder: Sendable {
    package let directory: Directory

    /// Opens the folder, and makes it with mode 0700 where it is missing.
    package init(at path: FilePath) throws(SystemCallError) {
        let parent = try Directory(opening: path.removingLastComponent())
        guard let name = path.lastComponent else { throw SystemCallError("open", path.string, .invalidArgument) }
        directory = try parent.subdirectory(
            FileName(bytes: name.string.utf8), makingWith: 0o700)
    }

    /// Takes an entry of `inbox` under its own name, or on a numbered shelf where that name is taken.
    ///
    /// - Throws: ``SystemCallError``; ENOENT where the entry is gone.
    package func take(_ name: FileName, from inbox: Directory) throws(SystemCallError) -> WorkName {
        if try inbox.move(name, to: directory, as: name) { return WorkName(name: name) }
        for shelf in 1... {
            if try put(name, from: inbox, onShelf: shelf) { return WorkName(shelf: shelf, name: name) }
        }
        fatalError("an endless range ended")
    }

    /// - Returns: `false` where the shelf has such an entry, or where a drop has the shelf's own name.
    private func put(_ name: FileName, from inbox: Directory, onShelf shelf: Int) throws(SystemCallError) -> Bool {
        do throws(SystemCallError) {
            let folder = try directory.subdirectory(WorkFolder.name(ofShelf: shelf), makingWith: 0o700)
            return try inbox.move(name, to: folder, as: name)
        } catch {
            switch error.errno {
            case .notDirectory, .tooManySymbolicLinkLevels: return false
            // The shelf was cleared away under us, if it is not the entry that is gone.
            case .noSuchFileOrDirectory where try inbox.status(of: name) != nil: return false
            default: throw error
            }
        }
    }

    /// Puts a copy that belongs to the service in the place of a claimed file, so that its sender, who may hold it
    /// open, can change it no more. The copy is read back and on disk before the original goes.
    ///
    /// - Returns: `false` where the file changed while it was copied.
    package func adopt(_ name: WorkName) throws(SystemCallError) -> Bool {
        let folder = try folder(of: name)
        let source = try OpenFile(reading: name.name, in: folder)
        let before = try source.status()
        // A dot keeps it apart from drops, which never begin with one.
        let temporary = FileName(bytes: WorkFolder.copyPrefix + Array(String(before.inode).utf8))
        try FileCopy.make(of: source, in: folder, as: temporary, mode: 0o640)
        let after = try source.status()
        try folder.replace(name.name, with: temporary)
        return before.isSameContent(as: after)
    }

    /// Puts a claimed entry back into `inbox` under its own name.
    ///
    /// - Returns: `false` where that name is taken again.
    package func giveBack(_ name: WorkName, to inbox: Directory) throws(SystemCallError) -> Bool {
        let moved = try folder(of: name).move(name.name, to: inbox, as: name.name)
        if moved { try clear(name) }
        return moved
    }

    /// The directory that a claimed entry lies in, made anew where it was cleared away already.
    package func folder(of name: WorkName) throws(SystemCallError) -> Directory {
        guard let shelf = name.shelf else { return directory }
        return try directory.subdirectory(WorkFolder.name(ofShelf: shelf), makingWith: 0o700)
    }

    /// A place for a drop that comes back: under its own name, or on a numbered shelf where that name is taken.
    package func freePlace(for name: FileName) throws(SystemCallError) -> WorkName {
        if try directory.status(of: name) == nil { return WorkName(name: name) }
        for shelf in 1... {
            let place = WorkName(shelf: shelf, name: name)
            let status = try directory.status(of: WorkFolder.name(ofShelf: shelf))
            // A drop may have the shelf's own name.
            if let status, status.form != .directory { continue }
            if status == nil { return place }
            if try folder(of: place).status(of: name) == nil { return place }
        }
        fatalError("an endless range ended")
    }

    /// Removes the shelf of an entry that has left, if it is empty.
    package func clear(_ name: WorkName) throws(SystemCallError) {
        if let shelf = name.shelf { try directory.removeDirectory(WorkFolder.name(ofShelf: shelf)) }
    }

    /// Everything that lies here, oldest change first.
    package func contents() throws(SystemCallError) -> [(name: WorkName, status: FileStatus)] {
        var found: [(name: WorkName, status: FileStatus)] = []
        for name in try directory.list() {
            if try clearCopy(name, in: directory) { continue }
            guard let status = try directory.status(of: name) else { continue }
            guard status.form == .directory else {
                found.append((WorkName(name: name), status))
                continue
            }
            guard let shelf = Int(String(decoding: name.bytes, as: UTF8.self)) else { continue }
            let folder = try directory.subdirectory(name)
            for inner in try folder.list() {
                if try clearCopy(inner, in: folder) { continue }
                guard let status = try folder.status(of: inner), status.form != .directory else { continue }
                found.append((WorkName(shelf: shelf, name: inner), status))
            }
            try directory.removeDirectory(name)
        }
        return found.sorted { ($0.status.changed, $0.name.name) < ($1.status.changed, $1.name.name) }
    }

    /// Removes a copy that a stop of the service cut off: its original is still here.
    ///
    /// - Returns: whether the entry is no drop, for no drop's name begins with a dot.
    private func clearCopy(_ name: FileName, in folder: Directory) throws(SystemCallError) -> Bool {
        if name.bytes.starts(with: WorkFolder.copyPrefix) { try folder.remove(name) }
        return name.bytes.first == UInt8(ascii: ".")
    }

    private static let copyPrefix = Array(".copy-".utf8)

    private static func name(ofShelf shelf: Int) -> FileName { FileName(String(shelf)) }
}
