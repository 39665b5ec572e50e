import Foundation
import Logging
import Sandbox
import SluiceConfiguration
import Subprocess
import SystemPackage
import TestSupport
import Testing

@testable import sluice

/// A log that cannot be written, and output that cannot: neither stops the work, nor passes for all there was to say.
@Suite struct UnwritableOutputTests {
    private static func run(_ script: String, in folder: TemporaryFolder, api: String) async throws -> (
        status: TerminationStatus, errors: String
    ) {
        try folder.url.write(CommandTests.configuration(api: api), as: "sluice.yaml")
        let ended = try await Subprocess.run(
            .path("/bin/bash"), arguments: ["-c", script, Program.executable.path],
            environment: .custom(["PATH": "/usr/bin:/bin", "SECRET_OF_THE_TEST": "x"]),
            workingDirectory: FilePath(folder.url.path), input: .none, output: .discarded,
            error: .string(limit: 1 << 20))
        return (ended.terminationStatus, ended.standardError)
    }

    @Test(arguments: ["2>/dev/full", "2> >(exec 0<&-)"])
    func aLogThatCannotBeWrittenStopsNoDrop(to stream: String) async throws {
        try await Sandbox.withServer { sandbox, address in
            let folder = try TemporaryFolder()
            let account = #"{"accounts":[{"clientReferenceId":"1","invoiceNumber":"1","outstandingAmount":1}]}"#
            try folder.subfolder("erp/inbox").write(account, as: "a.json")
            let ended = try await Self.run("exec \"$0\" run --once \(stream)", in: folder, api: address.baseURL)
            #expect(ended.status == .exited(0))
            #expect(sandbox.accepted.count == 1)
            #expect(try folder.url.appendingPathComponent("erp/done").names.contains("a.json"))
        }
    }

    @Test func theLogSaysHowManyLinesAreLost() throws {
        let folder = try TemporaryFolder()
        let path = FilePath(folder.url.appendingPathComponent("log").path)
        let file = try FileDescriptor.open(path, .readWrite, options: [.create], permissions: .ownerReadWrite)
        defer { try? file.close() }
        let full = try FileDescriptor.open("/dev/full", .writeOnly)
        defer { try? full.close() }
        let descriptor = try file.duplicate()
        defer { try? descriptor.close() }
        let logger = Logger(
            SluiceConfiguration.Configuration.Log(format: .json, level: .info), output: LogOutput(descriptor))
        logger.info("first")
        _ = try full.duplicate(as: descriptor)
        logger.info("second")
        logger.info("third")
        _ = try file.duplicate(as: descriptor)
        logger.info("fourth")
        let lines = try folder.url.text(of: "log").split(separator: "\n")
        #expect(lines.count == 3 && lines[0].contains("first") && lines[1].contains("fourth"))
        #expect(lines.last?.contains(#""lostLines":"2""#) == true)
    }

    // MARK: Nobody reads

    /// What a log goes to where somebody has to read it.
    enum Channel: CaseIterable {
        case pipe, socket, terminal

        func open() throws -> (reader: FileDescriptor, writer: FileDescriptor) {
            var ends: [CInt] = [-1, -1]
            var (master, slave): (CInt, CInt) = (-1, -1)
            let status =
                switch self {
                case .pipe: Glibc.pipe(&ends)
                case .socket: socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &ends)
                case .terminal: openpty(&master, &slave, nil, nil, nil)
                }
            if self == .terminal { ends = [master, slave] }
            guard status == 0 else { throw Errno(rawValue: errno) }
            return (FileDescriptor(rawValue: ends[0]), FileDescriptor(rawValue: ends[1]))
        }
    }

    /// Reads what is there now.
    private static func drain(_ reader: FileDescriptor) throws -> String {
        try #require(fcntl(reader.rawValue, F_SETFL, O_NONBLOCK) == 0)
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = read(reader.rawValue, &buffer, buffer.count)
            guard count > 0 else { return String(decoding: text, as: UTF8.self) }
            text += buffer[..<count]
        }
    }

    @Test(.timeLimit(.minutes(2)), arguments: Channel.allCases)
    func linesThatNobodyTakesAreLostAndCounted(channel: Channel) async throws {
        let (reader, writer) = try channel.open()
        defer {
            try? reader.close()
            try? writer.close()
        }
        let output = LogOutput(writer, patience: .milliseconds(10))
        #expect(output.write("first") == 0)
        // More than there is room for.
        #expect(output.write(String(repeating: "x", count: 4 << 20)) == 0)
        for _ in 0..<1000 { #expect(output.write(String(repeating: "y", count: 5000)) == 0) }
        var text = ""
        var lost = 0
        try await eventually("it is read") {
            text += try Self.drain(reader)
            lost = output.write("after")
            return lost > 0
        }
        try await eventually("the line arrives") {
            text += try Self.drain(reader)
            return text.hasSuffix("after\n") || text.hasSuffix("after\r\n")
        }
        #expect(lost >= 1001)
        let lines = text.split(whereSeparator: \.isNewline)
        #expect(lines.first == "first" && lines.last == "after")
        // Others who write there wait as they did.
        #expect(fcntl(writer.rawValue, F_GETFL) & O_NONBLOCK == 0)
    }

    /// Root's pipe is one that the service's user cannot open for himself.
    private static let users: [UInt32] = geteuid() == 0 ? [0, 64000] : [geteuid()]

    @Test(.timeLimit(.minutes(2)), arguments: users)
    func aLogThatNobodyReadsStopsNoDropAndNoStop(user: UInt32) async throws {
        try await Sandbox.withServer { sandbox, address in
            let folder = try TemporaryFolder()
            let inbox = try folder.subfolder("erp/inbox")
            let account = #"{"accounts":[{"clientReferenceId":"1","invoiceNumber":"1","outstandingAmount":1}]}"#
            try inbox.write(account, as: "a.json")
            try folder.url.write(CommandTests.configuration(api: address.baseURL), as: "sluice.yaml")
            let paths = [try folder.subfolder("state"), folder.url.appendingPathComponent("erp"), inbox]
            for path in paths + [inbox.appendingPathComponent("a.json")] { #expect(chown(path.path, user, user) == 0) }
            let (reader, writer) = try Channel.pipe.open()
            defer { try? reader.close() }
            try #require(fcntl(writer.rawValue, F_SETFL, O_NONBLOCK) == 0)
            let line = [UInt8](repeating: UInt8(ascii: "x"), count: 4096)
            while write(writer.rawValue, line, line.count) > 0 {}
            try #require(fcntl(writer.rawValue, F_SETFL, 0) == 0)
            let child = Program.Child()
            async let service = Subprocess.run(
                .path(FilePath(Program.executable.path)), arguments: ["run"],
                environment: .custom(["PATH": "/usr/bin:/bin", "SECRET_OF_THE_TEST": "x"]),
                workingDirectory: FilePath(folder.url.path), input: .none, output: .discarded,
                error: .fileDescriptor(writer, closeAfterSpawningProcess: true)
            ) { child.begin($0.processIdentifier) }
            do {
                let done = folder.url.appendingPathComponent("erp/done")
                try await eventually("it is filed") { ((try? done.names) ?? []).contains("a.json") }
            } catch {
                child.signal(SIGKILL)
                throw error
            }
            let clock = ContinuousClock()
            let stop = clock.now
            child.signal(SIGTERM)
            let end = Task {
                try await Task.sleep(for: .seconds(20))
                child.signal(SIGKILL)
            }
            defer { end.cancel() }
            #expect(try await service.terminationStatus == .exited(0))
            #expect(clock.now - stop < .seconds(10))
        }
    }

    @Test func aListThatCannotBeWrittenDoesNotPassForAWholeOne() async throws {
        let folder = try TemporaryFolder()
        try folder.subfolder("erp/inbox").write("{}", as: "bad.json")
        let script = "\"$0\" run --once 2>/dev/null; exec \"$0\" list >/dev/full"
        let ended = try await Self.run(script, in: folder, api: "http://127.0.0.1:1")
        #expect(ended.status == .exited(74))
        #expect(ended.errors.contains("cannot write to standard output"))
    }
}
