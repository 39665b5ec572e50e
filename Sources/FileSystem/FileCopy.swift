import Crypto
import Glibc
import Model
import SystemPackage

/// Whole files in pieces that memory does not feel.
///
/// What was never written takes neither time nor room (`SEEK_DATA`): a sender can make a file of a terabyte in an
/// instant. And no more is read than the file had at the beginning: who goes on writing keeps nobody busy for ever.
package enum FileCopy {
    private static let piece = 256 * 1024

    /// Makes a copy of `source` in `directory` under `name`, which may be there: read back, compared, and on disk.
    ///
    /// - Returns: the copy's ``fingerprint(of:)``.
    /// - Throws: ``SystemCallError``; EIO where the copy is not what was read. Nothing is under the name then.
    @discardableResult
    package static func make(
        of source: OpenFile, in directory: Directory, as name: FileName, mode: UInt32
    ) throws(SystemCallError) -> [UInt8] {
        let target = try OpenFile(creating: name, in: directory, .overwriting(mode: mode))
        do throws(SystemCallError) {
            let read =
                target.clone(source)
                ? try fingerprint(of: target.reopened(as: name, in: directory)) : try copy(source, to: target)
            try target.sync()
            guard try fingerprint(of: target.reopened(as: name, in: directory)) == read else {
                throw SystemCallError("copy", source.path, .ioError)
            }
            return read
        } catch {
            // A part of it would keep a full disk full.
            _ = try? directory.remove(name)
            throw error
        }
    }

    /// Writes `source` into the empty `target`, with gaps where it has nothing but zeros.
    private static func copy(_ source: OpenFile, to target: OpenFile) throws(SystemCallError) -> [UInt8] {
        var fingerprint = Fingerprint()
        let size = try readContent(source) { (bytes, offset) throws(SystemCallError) in
            fingerprint.add(bytes, at: offset)
            try target.write(bytes, at: offset)
        }
        try target.setSize(size)
        return fingerprint.value(size: size)
    }

    /// What tells a content from another. Of one without long runs of zeros it is the SHA-256; such runs are counted
    /// and not read, whether they were written or are a sparse file's gaps.
    package static func fingerprint(of file: OpenFile) throws(SystemCallError) -> [UInt8] {
        var fingerprint = Fingerprint()
        let size = try readContent(file) { (bytes, offset) in fingerprint.add(bytes, at: offset) }
        return fingerprint.value(size: size)
    }

    /// SHA-256 of a whole file.
    package static func hash(of file: OpenFile) throws(SystemCallError) -> [UInt8] {
        var hash = SHA256()
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: piece, alignment: 16)
        defer { buffer.deallocate() }
        let size = try file.status().size
        var offset: Int64 = 0
        while offset < size {
            let window = UnsafeMutableRawBufferPointer(rebasing: buffer[..<Int(min(Int64(piece), size - offset))])
            let count = try file.read(into: window, at: offset)
            if count == 0 { break }
            hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: window[..<count]))
            offset += Int64(count)
        }
        return Array(hash.finalize())
    }

    /// Gives every piece of a file that is not all zeros to `body`, with its place.
    ///
    /// - Returns: the file's size; less than it was at the beginning where the file became shorter.
    private static func readContent(
        _ file: OpenFile, _ body: (UnsafeRawBufferPointer, Int64) throws(SystemCallError) -> Void
    ) throws(SystemCallError) -> Int64 {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: piece, alignment: 16)
        defer { buffer.deallocate() }
        let size = try file.status().size
        var offset: Int64 = 0
        while let data = file.nextData(from: offset), data < size {
            // Pieces begin at the same places in every file, wherever its gaps are.
            offset = max(offset, data - data % Int64(piece))
            let window = UnsafeMutableRawBufferPointer(rebasing: buffer[..<Int(min(Int64(piece), size - offset))])
            let count = try file.read(into: window, at: offset)
            if count == 0 { return offset }
            let bytes = UnsafeRawBufferPointer(rebasing: window[..<count])
            if !isZero(bytes) { try body(bytes, offset) }
            offset += Int64(count)
        }
        return size
    }

    private static func isZero(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let start = bytes.baseAddress, bytes[0] == 0 else { return bytes.isEmpty }
        // Each byte equals the one before it.
        return memcmp(start, start + 1, bytes.count - 1) == 0
    }
}

extension Directory {
    /// Whether an entry is a regular file with this SHA-256.
    package func isFile(_ name: FileName, sha256: [UInt8]) throws(SystemCallError) -> Bool {
        guard try status(of: name)?.form == .regular else { return false }
        return try FileCopy.hash(of: OpenFile(reading: name, in: self)) == sha256
    }
}

private struct Fingerprint {
    private var hash = SHA256()
    private var end: Int64 = 0

    mutating func add(_ bytes: UnsafeRawBufferPointer, at offset: Int64) {
        noteGap(to: offset)
        hash.update(bufferPointer: bytes)
        end = offset + Int64(bytes.count)
    }

    mutating func value(size: Int64) -> [UInt8] {
        noteGap(to: size)
        return Array(hash.finalize())
    }

    private mutating func noteGap(to offset: Int64) {
        guard offset != end else { return }
        hash.update(data: Array("gap \(end) \(offset)".utf8))
    }
}
