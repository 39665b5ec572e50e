import FileSystem
import Model
import Synchronization
import SystemPackage

/// The folder of claimed drops: the service's own, and best on the inbox's file system, where a claim is one rename.
package final class WorkFolder: Sendable {
    private let path: FilePath
    private let open = Mutex<Directory?>(nil)

    /// Opens the folder, and makes it with mode 0700 where it is missing.
    package init(at path: FilePath) throws(SystemCallError) {
        self.path = path
        _ = try directory
    }

    /// The folder, opened where it is not open.
    package var directory: Directory {
        get throws(SystemCallError) {
            if let directory = open.withLock({ $0 }) { return directory }
            let (parent, name) = try Directory.containing(path)
            let directory = try parent.subdirectory(name, makingWith: 0o700)
            open.withLock { $0 = directory }
            return directory
        }
    }

    /// Closes the folder until it is used again: an idle inbox costs no descriptor, and keeps no file system busy. After
    /// an error, too: another may have taken its place.
    package func release() {
        open.withLock { $0 = nil }
    }

    /// Takes an entry of `inbox` under its own name, or on a numbered shelf where that name is taken.
    ///
    /// - Throws: ``SystemCallError``; ENOENT where the entry is gone.
    package func take(_ name: FileName, from inbox: Directory) throws(SystemCallError) -> WorkName {
        do throws(SystemCallError) {
            return try rename(name, from: inbox)
        } catch {
            guard error.errno == .improperLink else { throw error }
        }
        return try takeAcross(name, from: inbox)
    }

    /// Where an entry is that had this name and status before it was taken from a folder on this file system.
    func place(of name: FileName, as status: FileStatus) throws(SystemCallError) -> WorkName? {
        for shelf in [nil] + (try shelves()) {
            let place = WorkName(shelf: shelf, name: name)
            if let found = try folder(of: place).status(of: name), found.isSameContent(as: status) { return place }
        }
        return nil
    }

    /// Puts an entry of a folder on this file system here, under `newName` or on a shelf.
    func rename(
        _ name: FileName, from folder: Directory, as newName: FileName? = nil
    ) throws(SystemCallError) -> WorkName {
        let newName = newName ?? name
        return try place(newName, isThere: { () throws(SystemCallError) in try folder.status(of: name) != nil }) {
            (target) throws(SystemCallError) in try folder.move(name, to: target, as: newName)
        }
    }

    /// Finds a place for a name: this folder, or the first shelf that has no such entry.
    ///
    /// - Parameters:
    ///   - isThere: whether the entry to be placed is still where it was.
    ///   - put: `false` where the folder that it is given has such an entry.
    func place(
        _ name: FileName, isThere: () throws(SystemCallError) -> Bool,
        _ put: (Directory) throws(SystemCallError) -> Bool
    ) throws(SystemCallError) -> WorkName {
        let directory = try directory
        if try put(directory) { return WorkName(name: name) }
        for shelf in 1... {
            do throws(SystemCallError) {
                let folder = try directory.subdirectory(WorkFolder.name(ofShelf: shelf), makingWith: 0o700)
                if try put(folder) { return WorkName(shelf: shelf, name: name) }
            } catch {
                // It may have been made for nothing.
                _ = try? directory.removeDirectory(WorkFolder.name(ofShelf: shelf))
                switch error.errno {
                // A drop has the shelf's own name.
                case .notDirectory, .tooManySymbolicLinkLevels: continue
                // The shelf was cleared away under us, if it is not the entry that is gone.
                case .noSuchFileOrDirectory where try isThere(): continue
                default: throw error
                }
            }
        }
        fatalError("an endless range ended")
    }

    /// The numbers of the shelves that are there.
    func shelves() throws(SystemCallError) -> [Int] {
        let directory = try directory
        var shelves: [Int] = []
        for name in try directory.list() {
            guard let shelf = Int(String(decoding: name.bytes, as: UTF8.self)) else { continue }
            if try directory.status(of: name)?.form == .directory { shelves.append(shelf) }
        }
        return shelves
    }

    /// Puts a claimed entry back into `inbox` under its own name.
    ///
    /// - Returns: `false` where that name is taken again.
    /// - Throws: ``SystemCallError``; EXDEV where the inbox is on another file system.
    package func giveBack(_ name: WorkName, to inbox: Directory) throws(SystemCallError) -> Bool {
        let moved = try folder(of: name).move(name.name, toShared: inbox, as: name.name)
        if moved { try clear(name) }
        return moved
    }

    /// The directory that a claimed entry lies in, made anew where it was cleared away already.
    package func folder(of name: WorkName) throws(SystemCallError) -> Directory {
        guard let shelf = name.shelf else { return try directory }
        return try directory.subdirectory(WorkFolder.name(ofShelf: shelf), makingWith: 0o700)
    }

    /// Whether the work folder at a path has this file. Nothing is made there.
    package static func has(
        _ name: WorkName, bytes: Int64, sha256: [UInt8], at path: FilePath
    ) throws(SystemCallError) -> Bool {
        do throws(SystemCallError) {
            let folder = try Directory(opening: name.shelf.map { path.appending(String($0)) } ?? path)
            guard try folder.status(of: name.name)?.size == bytes else { return false }
            return try folder.isFile(name.name, sha256: sha256)
        } catch {
            if error.errno == .noSuchFileOrDirectory || error.errno == .notDirectory { return false }
            throw error
        }
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
        let directory = try directory
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

    static let copyPrefix = Array(".copy-".utf8)

    static func nameOfCopy(_ original: FileStatus) -> FileName {
        FileName(bytes: copyPrefix + Array(String(original.inode).utf8))
    }

    private static func name(ofShelf shelf: Int) -> FileName { FileName(String(shelf)) }
}
