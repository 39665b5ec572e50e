import FileSystem
import Foundation
import Inbox
import Model
import Testing
import TestSupport

/// How files really arrive. Each is taken once and whole, whichever way the inbox is watched.
@Suite(.timeLimit(.minutes(5)), .serialized) struct ArrivalWaysTests {
    private static let settle = Duration.milliseconds(400)

    private func stage(_ watching: Watching, grace: Duration = .seconds(600)) async throws -> InboxStage {
        let stage = try InboxStage(settle: ArrivalWaysTests.settle, grace: grace, watching: watching)
        try await stage.watched()
        return stage
    }

    /// Takes one drop and makes sure that no second one follows.
    private func takeOne(_ stage: InboxStage, _ name: String) async throws -> ClaimedDrop {
        let drop = try await stage.next()
        #expect(drop.name == FileName(name))
        #expect(drop.condition == .whole)
        try stage.inbox.write("{}", as: "last.json")
        #expect(try await stage.next(1) == ["last.json"])
        #expect(try stage.inbox.names.isEmpty)
        return drop
    }

    private func run(_ program: String, _ arguments: String...) throws {
        let process = try Process.run(URL(fileURLWithPath: program), arguments: arguments)
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
    }

    @Test(arguments: Watching.both) func mv(watching: Watching) async throws {
        let stage = try await stage(watching)
        try stage.outside.write("{\"a\":1}", as: "a.json")
        try run("/bin/mv", stage.outside.path + "/a.json", stage.inbox.path)
        #expect(try stage.text(of: await takeOne(stage, "a.json")) == "{\"a\":1}")
    }

    @Test(arguments: Watching.both) func cpOfALargeFile(watching: Watching) async throws {
        let stage = try await stage(watching)
        let text = "[" + String(repeating: "123456789,", count: 6_000_000) + "1]"
        try stage.outside.write(text, as: "large.json")
        try run("/bin/cp", stage.outside.path + "/large.json", stage.inbox.path)
        #expect(try await takeOne(stage, "large.json").status.size == Int64(text.utf8.count))
    }

    /// As `cp -p` and SFTP clients do: the modification time says nothing about when it came.
    @Test(arguments: Watching.both) func cpWithLastYearsTime(watching: Watching) async throws {
        let stage = try await stage(watching)
        try stage.outside.write("{\"a\":1}", as: "old.json")
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSinceNow: -365 * 86_400)],
            ofItemAtPath: stage.outside.path + "/old.json")
        let before = stage.time.moment
        try run("/bin/cp", "-p", stage.outside.path + "/old.json", stage.inbox.path)
        let drop = try await takeOne(stage, "old.json")
        #expect(stage.time.moment - before >= ArrivalWaysTests.settle)
        #expect(drop.status.modified < drop.status.changed - 364 * 86_400 * 1_000_000_000)
    }

    /// The contract's writer brings a chunk every 200 ms for 10 s; this one is four times as fast.
    @Test(arguments: Watching.both) func aSlowWriter(watching: Watching) async throws {
        let stage = try await stage(watching)
        let writer = Task {
            try stage.inbox.write("", as: "slow.txt")
            let file = try FileHandle(forWritingTo: stage.inbox.appendingPathComponent("slow.txt"))
            for _ in 0..<50 {
                try file.write(contentsOf: Data("chunk ".utf8))
                try await Task.sleep(for: .milliseconds(50))
            }
            try file.close()
        }
        let drop = try await takeOne(stage, "slow.txt")
        try await writer.value
        #expect(try stage.text(of: drop) == String(repeating: "chunk ", count: 50))
    }

    @Test(arguments: Watching.both) func aWriterThatPausesLongerThanSettle(watching: Watching) async throws {
        let stage = try await stage(watching)
        let writer = Task {
            try stage.inbox.write("", as: "pause.json")
            let file = try FileHandle(forWritingTo: stage.inbox.appendingPathComponent("pause.json"))
            for part in ["{\"accounts\": [", "{\"a\": 1},", "{\"a\": 2}", "]}"] {
                try file.write(contentsOf: Data(part.utf8))
                try await Task.sleep(for: ArrivalWaysTests.settle * 2)
            }
            try file.close()
        }
        let drop = try await takeOne(stage, "pause.json")
        try await writer.value
        #expect(try stage.text(of: drop) == "{\"accounts\": [{\"a\": 1},{\"a\": 2}]}")
    }

    /// As scanners and Samba do: create, close, open, write, close, set times.
    @Test(arguments: Watching.both) func closedAndOpenedAgain(watching: Watching) async throws {
        let stage = try await stage(watching)
        let path = stage.inbox.path + "/scan.pdf"
        #expect(FileManager.default.createFile(atPath: path, contents: nil))
        for part in ["%PDF-1.4\n", "1 0 obj\n", "%%EOF\n"] {
            try await Task.sleep(for: .milliseconds(100))
            let file = try #require(FileHandle(forWritingAtPath: path))
            try file.seekToEnd()
            try file.write(contentsOf: Data(part.utf8))
            try file.close()
            try FileManager.default.setAttributes([.modificationDate: Date()], ofItemAtPath: path)
        }
        #expect(try stage.text(of: await takeOne(stage, "scan.pdf")) == "%PDF-1.4\n1 0 obj\n%%EOF\n")
    }

    @Test(arguments: Watching.both) func emptyFirstAndTheContentLater(watching: Watching) async throws {
        let stage = try await stage(watching)
        #expect(FileManager.default.createFile(atPath: stage.inbox.path + "/later.txt", contents: nil))
        let drop = Task { try await takeOne(stage, "later.txt") }
        try await Task.sleep(for: ArrivalWaysTests.settle * 2)
        try stage.inbox.write("content", as: "later.txt")
        #expect(try stage.text(of: await drop.value) == "content")
    }

    @Test(arguments: Watching.both, ["json", "xml", "pdf"])
    func roomThatIsKeptAndFilledLater(watching: Watching, type: String) async throws {
        let stage = try await stage(watching)
        let text = [
            "json": "[\(String(repeating: "1,", count: 6000))1]",
            "xml": "<a>\(String(repeating: "x", count: 9000))</a>",
        ]
        let content = text[type] ?? "%PDF-1.4 \(String(repeating: "x", count: 9000)) %%EOF"
        let url = stage.inbox.appendingPathComponent("kept.\(type)")
        #expect(FileManager.default.createFile(atPath: url.path, contents: nil))
        let file = try FileHandle(forWritingTo: url)
        #expect(posix_fallocate(file.fileDescriptor, 0, off_t(content.utf8.count)) == 0)
        let drop = Task { try await takeOne(stage, "kept.\(type)") }
        for piece in Array(content.utf8).chunks(of: 4000) {
            try await Task.sleep(for: ArrivalWaysTests.settle * 2)
            try file.write(contentsOf: Data(piece))
        }
        try file.close()
        #expect(try stage.text(of: await drop.value) == content)
    }

    /// Written from both ends, as some clients do with several connections: the gap in the middle reads as NULs.
    @Test(arguments: Watching.both) func aSparseFileWhoseGapIsFilledLast(watching: Watching) async throws {
        let stage = try await stage(watching)
        let content = Array("[\(String(repeating: "1234567,", count: 8192))1]".utf8)
        let url = stage.inbox.appendingPathComponent("sparse.json")
        #expect(FileManager.default.createFile(atPath: url.path, contents: nil))
        let file = try FileHandle(forWritingTo: url)
        func write(_ range: Range<Int>) throws {
            try file.seek(toOffset: UInt64(range.lowerBound))
            try file.write(contentsOf: Data(content[range]))
        }
        try write(0..<4096)
        try write(40_000..<content.count)
        let drop = Task { try await takeOne(stage, "sparse.json") }
        try await Task.sleep(for: ArrivalWaysTests.settle * 3)
        try write(4096..<40_000)
        try file.close()
        #expect(try stage.text(of: await drop.value) == String(decoding: content, as: UTF8.self))
    }
}

extension Array {
    fileprivate func chunks(of size: Int) -> [[Element]] {
        stride(from: 0, to: count, by: size).map { Array(self[$0..<Swift.min($0 + size, count)]) }
    }
}
