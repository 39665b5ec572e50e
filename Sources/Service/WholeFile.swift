import FileSystem
import SystemPackage

/// A file of an administrator's, read at once.
package enum WholeFile {
    package static func read(_ path: FilePath) throws(SystemCallError) -> [UInt8] {
        let (folder, name) = try Directory.containing(path)
        let file = try OpenFile(followingLinks: name, in: folder)
        return try file.bytes(at: 0, count: Int(file.status().size))
    }
}
