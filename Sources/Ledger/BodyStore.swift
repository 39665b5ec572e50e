import FileSystem
import Model
import Synchronization
import SystemPackage

/// The exact bodies of batches that left and were neither accepted nor refused, in the state folder.
///
/// A body is named by its hash, so one that is there is whole or is not taken.
package final class BodyStore: Sendable {
    static let name = "bodies"

    private let directory: Directory
    /// What is there, as far as anybody else leaves it alone. For most batches there is nothing to remove.
    private let names: Mutex<Set<String>>

    /// Opens the folder `bodies` in the state folder.
    package init(state: FilePath) throws(SystemCallError) {
        directory = try Directory(opening: state).subdirectory(FileName(BodyStore.name), makingWith: 0o700)
        names = Mutex(Set(try directory.list().map(\.description)))
    }

    /// Keeps a body; it is on disk when this returns.
    package func keep(_ body: [UInt8], hash: [UInt8]) throws(SystemCallError) {
        let name = FileName(hash.hex)
        names.withLock { _ = $0.insert(name.description) }
        if try directory.status(of: name)?.size == Int64(body.count) {
            // Whoever kept it may have been stopped before its name was on disk.
            return try directory.sync()
        }
        let temporary = FileName(hash.hex + ".tmp")
        let file = try OpenFile(creating: temporary, in: directory, .overwriting(mode: 0o600))
        try file.write(body)
        try file.sync()
        KillPoint.bodyWritten.reach()
        try directory.replace(name, with: temporary)
        try directory.sync()
        KillPoint.bodyKept.reach()
    }

    /// - Returns: `nil` where the body is not kept, or is not what its name says.
    package func body(hash: [UInt8]) throws(SystemCallError) -> [UInt8]? {
        let name = FileName(hash.hex)
        guard let status = try directory.status(of: name) else { return nil }
        let file = try OpenFile(reading: name, in: directory)
        guard try FileCopy.hash(of: file) == hash else { return nil }
        return try file.bytes(at: 0, count: Int(status.size))
    }

    /// The hashes of all that is kept.
    package var hashes: Set<String> { names.withLock { $0 } }

    /// The batch is resolved: nobody needs its body any more.
    package func forget(hash: [UInt8]) throws(SystemCallError) {
        let name = hash.hex
        if names.withLock({ $0.contains(name) }) { try remove(name) }
    }

    func remove(_ name: String) throws(SystemCallError) {
        // In this order: what is kept again meanwhile is not forgotten.
        names.withLock { _ = $0.remove(name) }
        do throws(SystemCallError) {
            try directory.remove(FileName(name))
        } catch {
            names.withLock { _ = $0.insert(name) }
            throw error
        }
    }
}
