import Crypto
import Model
import SystemPackage

/// Whole files in pieces that memory does not feel.
package enum FileCopy {
    private static let piece = 256 * 1024

    /// Makes a copy of `source` in `directory` under `name`, which may be there: read back, compared, and on disk.
    ///
    /// - Returns: the copy's hash.
    /// - Throws: ``SystemCallError``; EIO where the copy is not what was read.
    @discardableResult
    package static func make(
        of source: OpenFile, in directory: Directory, as name: FileName, mode: UInt32
    ) throws(SystemCallError) -> [UInt8] {
        let target = try OpenFile(creating: name, in: directory, .overwriting(mode: mode))
        let sourceHash: [UInt8]
        if target.clone(source) {
            sourceHash = try hash(of: target.reopened(as: name, in: directory))
        } else {
            sourceHash = try copy(source, to: target)
        }
        try target.sync()
        guard try hash(of: target.reopened(as: name, in: directory)) == sourceHash else {
            throw SystemCallError("copy", source.path, .ioError)
        }
        return sourceHash
    }

    /// Appends all of `source` to `target`, and hashes what it read.
    private static func copy(_ source: OpenFile, to target: OpenFile) throws(SystemCallError) -> [UInt8] {
        var hash = SHA256()
        try read(source) { (bytes) throws(SystemCallError) in
            hash.update(bufferPointer: bytes)
            try target.write(bytes)
        }
        return Array(hash.finalize())
    }

    /// SHA-256 of a whole file.
    package static func hash(of file: OpenFile) throws(SystemCallError) -> [UInt8] {
        var hash = SHA256()
        try read(file) { (bytes) throws(SystemCallError) in hash.update(bufferPointer: bytes) }
        return Array(hash.finalize())
    }

    private static func read(
        _ file: OpenFile, _ body: (UnsafeRawBufferPointer) throws(SystemCallError) -> Void
    ) throws(SystemCallError) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: piece, alignment: 16)
        defer { buffer.deallocate() }
        var offset: Int64 = 0
        while true {
            let count = try file.read(into: buffer, at: offset)
            if count == 0 { return }
            try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            offset += Int64(count)
        }
    }
}
