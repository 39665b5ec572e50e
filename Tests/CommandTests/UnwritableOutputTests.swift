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

    @Test func aListThatCannotBeWrittenDoesNotPassForAWholeOne() async throws {
        let folder = try TemporaryFolder()
        try folder.subfolder("erp/inbox").write("{}", as: "bad.json")
        let script = "\"$0\" run --once 2>/dev/null; exec \"$0\" list >/dev/full"
        let ended = try await Self.run(script, in: folder, api: "http://127.0.0.1:1")
        #expect(ended.status == .exited(74))
        #expect(ended.errors.contains("cannot write to standard output"))
    }
}
