import Foundation
import Subprocess
import SystemPackage
import TestSupport
import Testing

/// The log under systemd: priorities for the journal, and for it alone.
@Suite struct JournalTests {
    /// Runs the program with `$JOURNAL_STREAM` as a shell makes it, and gives back what it wrote to the standard error.
    private static func log(journal: String, log: String = "", arguments: String = "run --once") async throws
        -> [Substring]
    {
        let folder = try TemporaryFolder()
        let inbox = try folder.subfolder("erp/inbox")
        try inbox.write("{}", as: "bad.json")
        let configuration = CommandTests.configuration(api: "http://127.0.0.1:1")
        try folder.url.write(configuration + log, as: "sluice.yaml")
        let script = "exec 2>log; export JOURNAL_STREAM=\"\(journal)\"; exec '\(Program.executable.path)' \(arguments)"
        _ = try await Subprocess.run(
            .path("/bin/sh"), arguments: ["-c", script],
            environment: .custom(["PATH": "/usr/bin:/bin", "SECRET_OF_THE_TEST": "x"]),
            workingDirectory: FilePath(folder.url.path), input: .none, output: .discarded, error: .discarded)
        return try folder.url.text(of: "log").split(separator: "\n")
    }

    private static let itself = "$(stat -Lc %d:%i log)"

    @Test func theJournalGetsPrioritiesAndNoTimeOfOurOwn() async throws {
        let lines = try await Self.log(journal: Self.itself)
        #expect(lines.contains { $0.hasPrefix("<5>NOTICE   started") })
        #expect(lines.contains { $0.hasPrefix("<4>WARNING ") && $0.contains("bad.json") })
        #expect(lines.allSatisfy { $0.wholeMatch(of: /<[2-7]>[A-Z]+ .*/) != nil }, "\(lines)")
    }

    @Test(arguments: ["", "1:1", "nonsense", "$(stat -Lc %d:%i sluice.yaml)"])
    func anotherStreamGetsTheTimeAndNoPriorities(journal: String) async throws {
        let lines = try await Self.log(journal: journal)
        #expect(lines.contains { $0.contains(" NOTICE   started") })
        #expect(lines.allSatisfy { $0.wholeMatch(of: /20[0-9-]{8}T.*/) != nil }, "\(lines)")
    }

    @Test func linesOfJSONGetAPrefixToo() async throws {
        let lines = try await Self.log(journal: Self.itself, log: "log: {format: json}\n")
        #expect(lines.contains { $0.hasPrefix(#"<5>{"time":"#) })
        #expect(lines.allSatisfy { $0.wholeMatch(of: /<[2-7]>\{.*\}/) != nil }, "\(lines)")
    }

    @Test func whatCannotStartIsAnError() async throws {
        let lines = try await Self.log(journal: Self.itself, log: "nonsense: 1\n")
        #expect(!lines.isEmpty)
        #expect(lines.allSatisfy { $0.hasPrefix("<3>") }, "\(lines)")
    }
}
