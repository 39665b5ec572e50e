import SystemPackage
import FileSystem

/// SQLite's write-ahead log, read to find out whether it is whole (<https://sqlite.org/fileformat2.html#walformat>).
///
/// Each frame's checksum covers all before it, and SQLite takes the first that is wrong for the end: a commit that a
/// power loss cut off. It waits for the disk after every commit, so that only the last commit can be cut off; one that
/// is broken and has others behind it was whole once. What a commit left that was cut off earlier is no such other: a
/// start begins the log anew, and its frames bear other salts.
struct WriteAheadLog {
    /// Why it is damaged; `nil`: it is whole, but perhaps for a last commit that nobody was told of.
    let damage: String?

    typealias Read = (_ offset: Int64, _ count: Int) throws(SystemCallError) -> [UInt8]

    private static let headerBytes = 32
    private static let frameHeaderBytes = 24

    init(size: Int64, read: Read) throws(SystemCallError) {
        guard size > Int64(WriteAheadLog.headerBytes) else {
            damage = nil
            return
        }
        let header = try read(0, WriteAheadLog.headerBytes)
        guard let start = Start(header) else {
            damage = "the header of its write-ahead log is not what SQLite wrote"
            return
        }
        var sum = start.sum
        var isBroken = false
        var commitsBehind = 0
        var offset = Int64(WriteAheadLog.headerBytes)
        let length = WriteAheadLog.frameHeaderBytes + start.pageBytes
        while offset + Int64(length) <= size {
            let frame = try read(offset, length)
            offset += Int64(length)
            // Frames of an earlier round lie behind the last of this one.
            guard frame.count == length, frame[8..<16].elementsEqual(start.salt) else { continue }
            if !isBroken {
                sum.add(frame[0..<8])
                sum.add(frame[24...])
                isBroken = (sum.first, sum.second) != (frame.word(at: 16), frame.word(at: 20))
            }
            if isBroken && frame.word(at: 4) != 0 { commitsBehind += 1 }
        }
        damage =
            commitsBehind > 1
            ? "its write-ahead log is broken, with \(commitsBehind - 1) commits behind the broken one" : nil
    }

    /// What the header says.
    private struct Start {
        let pageBytes: Int
        let salt: ArraySlice<UInt8>
        let sum: Sum

        /// - Returns: `nil` for what is no header.
        init?(_ header: [UInt8]) {
            guard header.count == headerBytes, header.word(at: 0) & ~1 == 0x377F_0682 else { return nil }
            let page = Int(header.word(at: 8))
            guard page >= 512, page <= 65536, page.nonzeroBitCount == 1 else { return nil }
            var sum = Sum(isBigEndian: header.word(at: 0) & 1 == 1)
            sum.add(header[0..<24])
            guard (sum.first, sum.second) == (header.word(at: 24), header.word(at: 28)) else { return nil }
            (pageBytes, salt, self.sum) = (page, header[16..<24], sum)
        }
    }

    /// The format's checksum: two sums that go over pairs of words.
    private struct Sum {
        let isBigEndian: Bool
        var first: UInt32 = 0
        var second: UInt32 = 0

        init(isBigEndian: Bool) {
            self.isBigEndian = isBigEndian
        }

        mutating func add(_ bytes: ArraySlice<UInt8>) {
            bytes.withUnsafeBytes { buffer in
                for offset in stride(from: 0, to: buffer.count - 7, by: 8) {
                    let pair = buffer.loadUnaligned(fromByteOffset: offset, as: (UInt32, UInt32).self)
                    first &+= (isBigEndian ? UInt32(bigEndian: pair.0) : UInt32(littleEndian: pair.0)) &+ second
                    second &+= (isBigEndian ? UInt32(bigEndian: pair.1) : UInt32(littleEndian: pair.1)) &+ first
                }
            }
        }
    }
}

extension [UInt8] {
    /// The big-endian word at an offset.
    fileprivate func word(at offset: Int) -> UInt32 {
        self[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) }
    }
}
