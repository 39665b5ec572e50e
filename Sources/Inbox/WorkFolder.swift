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
            let folder = try directory.subdirectory(WorkFolder.name(ofShelf: shelf), makingWith: 0o700)
            if try inbox.move(name, to: folder, as: name) { return WorkName(shelf: shelf, name: name) }
        }
        fatalError("an endless range ended")
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
        let temporary = FileName(bytes: Array(".copy-".utf8) + Array(String(before.inode).utf8))
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

    /// The directory that a claimed entry lies in.
    package func folder(of name: WorkName) throws(SystemCallError) -> Directory {
        guard let shelf = name.shelf else { return directory }
        return try directory.subdirectory(WorkFolder.name(ofShelf: shelf))
    }

    /// Removes the shelf of an entry that has left, if it is empty.
    package func clear(_ name: WorkName) throws(SystemCallError) {
        if let shelf = name.shelf { try directory.removeDirectory(WorkFolder.name(ofShelf: shelf)) }
    }

    /// Everything that lies here, oldest change first.
    package func contents() throws(SystemCallError) -> [(name: WorkName, status: FileStatus)] {
        var found: [(name: WorkName, status: FileStatus)] = []
        for name in try directory.list() {
            if name.bytes.first == UInt8(ascii: ".") {
                // A copy that a stop of the service cut off; its original is still here.
                try directory.remove(name)
                continue
            }
            guard let status = try directory.status(of: name) else { continue }
            guard status.form == .directory else {
                found.append((WorkName(name: name), status))
                continue
            }
            guard let shelf = Int(String(decoding: name.bytes, as: UTF8.self)) else { continue }
            let folder = try directory.subdirectory(name)
            for inner in try folder.list() {
                guard let status = try folder.status(of: inner), status.form != .directory else { continue }
                found.append((WorkName(shelf: shelf, name: inner), status))
            }
            try directory.removeDirectory(name)
        }
        return found.sorted { ($0.status.changed, $0.name.name) < ($1.status.changed, $1.name.name) }
    }

    private static func name(ofShelf shelf: Int) -> FileName { FileName(String(shelf)) }
}
