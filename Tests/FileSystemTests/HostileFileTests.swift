import Crypto
import FileSystem
import Foundation
import Model
import Synchronization
import SystemPackage
import TestSupport
import Testing

/// Files that are made to keep whoever reads them busy.
@Suite(.timeLimit(.minutes(5))) struct HostileFileTests {
    private let folder: TemporaryFolder
    private let directory: Directory

    init() throws {
        folder = try TemporaryFolder()
        directory = try Directory(opening: folder.path)
    }

    private func status(_ name: String) throws -> FileStatus {
        try #require(try directory.status(of: FileName(name)))
    }

    /// Kilobytes that a file really takes.
    private func room(_ name: String) throws -> Int {
        var status = stat()
        try #require(stat(folder.url.appendingPathComponent(name).path, &status) == 0)
        return Int(status.st_blocks) / 2
    }

    private func makeSparse(_ name: String, size: UInt64, _ pieces: [UInt64: String]) throws {
        let url = folder.url.appendingPathComponent(name)
        try #require(FileManager.default.createFile(atPath: url.path, contents: nil))
        let file = try FileHandle(forWritingTo: url)
        try file.truncate(atOffset: size)
        for (offset, text) in pieces {
            try file.seek(toOffset: offset)
            try file.write(contentsOf: Data(text.utf8))
        }
        try file.close()
    }

    /// A terabyte that takes some kilobytes: a copy that read all of it would take an hour, and the whole disk.
    @Test func aCopyOfASparseFileIsAsSparse() throws {
        let size: UInt64 = 1 << 40
        try makeSparse("a", size: size, [0: "{\"a\":", 5_000_000_000: "middle", size - 1: "}"])
        let source = try OpenFile(reading: FileName("a"), in: directory)
        let fingerprint = try FileCopy.make(of: source, in: directory, as: FileName("b"), mode: 0o640)
        #expect(try status("b").size == Int64(size))
        #expect(try room("b") < 4096)
        let copy = try OpenFile(reading: FileName("b"), in: directory)
        #expect(try FileCopy.fingerprint(of: copy) == fingerprint)
        #expect(try copy.bytes(at: 0, count: 6) == Array("{\"a\":".utf8) + [0])
        #expect(try copy.bytes(at: 5_000_000_000, count: 6) == Array("middle".utf8))
        #expect(try copy.bytes(at: Int64(size) - 1, count: 9) == Array("}".utf8))
    }

    @Test func theFingerprintTellsContentsApartThatOnlyZerosDistinguish() throws {
        let texts: [(String, UInt64, [UInt64: String])] = [
            ("empty", 0, [:]), ("gap", 3_000_000, [:]), ("longer gap", 3_000_001, [:]),
            ("text", 3_000_000, [0: "x"]), ("later", 3_000_000, [600_000: "x"]),
            ("later yet", 3_000_000, [900_000: "x"]),
            ("both", 3_000_000, [0: "x", 600_000: "x"]), ("short", 1, [0: "x"]),
        ]
        var seen: [[UInt8]: String] = [:]
        for (name, size, pieces) in texts {
            try makeSparse(name, size: size, pieces)
            let print = try FileCopy.fingerprint(of: OpenFile(reading: FileName(name), in: directory))
            #expect(seen.updateValue(name, forKey: print) == nil, "\(name)")
            // Zeros that were written are those of a gap.
            let url = folder.url.appendingPathComponent(name)
            try Data(contentsOf: url).write(to: url)
            #expect(try FileCopy.fingerprint(of: OpenFile(reading: FileName(name), in: directory)) == print, "\(name)")
        }
    }

    @Test func theFingerprintOfAUsualFileIsItsHash() throws {
        let content = Data((0..<700_000).map { UInt8(truncatingIfNeeded: $0 % 251) })
        try content.write(to: folder.url.appendingPathComponent("a"))
        let file = try OpenFile(reading: FileName("a"), in: directory)
        #expect(try FileCopy.fingerprint(of: file) == Array(SHA256.hash(data: content)))
    }

    /// A sender who writes faster than the service reads: the end never comes.
    @Test func aFileThatGrowsWhileItIsCopiedIsCopiedNoFurtherThanItWas() async throws {
        let limit: Int64 = 1_500_000_000
        let url = folder.url.appendingPathComponent("a")
        try Data(count: 1 << 20).write(to: url)
        let growing = Growing(url, until: limit)
        growing.start()
        try await eventually("it grows") { try status("a").size > 8 << 20 }
        let source = try OpenFile(reading: FileName("a"), in: directory)
        try FileCopy.make(of: source, in: directory, as: FileName("b"), mode: 0o640)
        #expect(try status("b").size < limit, "it was copied for as long as it was written")
        growing.stop()
    }

    /// Appends for as long as it may.
    private final class Growing: Sendable {
        private let isStopped = Atomic(false)
        private let isOver = DispatchSemaphore(value: 0)
        private let url: URL
        private let limit: Int64

        init(_ url: URL, until limit: Int64) {
            (self.url, self.limit) = (url, limit)
        }

        func start() {
            Thread { [self] in
                let file = open(url.path, O_WRONLY | O_APPEND)
                let bytes = [UInt8](repeating: 0x78, count: 1 << 20)
                var size = Int64(bytes.count)
                while !isStopped.load(ordering: .relaxed), size < limit {
                    size += Int64(write(file, bytes, bytes.count))
                }
                close(file)
                isOver.signal()
            }.start()
        }

        func stop() {
            isStopped.store(true, ordering: .relaxed)
            isOver.wait()
        }
    }
}
