import Documents
import FileSystem
import SystemPackage

extension RecordSpool {
    /// Keeps records in a file without a name, which is gone with the document that reads from it.
    ///
    /// Nothing is synced: after a restart the records are made again from the drop.
    ///
    /// - Throws: ``SystemCallError``; so do writing and reading, ENOSPC among them.
    static func file(in folder: FilePath) throws(SystemCallError) -> RecordSpool {
        let file = try OpenFile(temporaryIn: Directory(opening: folder))
        return RecordSpool(
            append: { try file.write($0) },
            read: { range in
                let bytes = try file.bytes(at: Int64(range.lowerBound), count: range.count)
                // Nobody else can have made it shorter.
                guard bytes.count == range.count else { throw SystemCallError("pread", file.path, .ioError) }
                return bytes
            })
    }
}
