import Foundation
import Subprocess
import SystemPackage
import TestSupport
import Testing

/// The completion scripts, in the shells that they are for.
@Suite struct CompletionTests {
    /// The words that a shell offers at the end of a command line.
    private static func completions(of line: String, in folder: TemporaryFolder, shell: String) async throws -> [String]
    {
        let script = try await Program.run(["--generate-completion-script", shell])
        try #require(script.status == 0)
        try folder.url.write(script.output, as: "completion")
        let words = line.split(separator: " ", omittingEmptySubsequences: false).map { "'\($0)'" }
        let ask =
            switch shell {
            case "bash":
                """
                source ./completion
                COMP_LINE='\(line)' COMP_POINT=\(line.utf8.count) COMP_WORDS=(\(words.joined(separator: " ")))
                COMP_CWORD=\(words.count - 1) COMP_TYPE=9
                function=$(complete -p sluice | sed 's/.*-F \\([^ ]*\\).*/\\1/')
                $function sluice "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
                printf '%s\\n' "${COMPREPLY[@]}"
                """
            default: "source ./completion; complete -C '\(line)'"
            }
        let result = try await Subprocess.run(
            .name(shell), arguments: ["-c", ask],
            environment: .custom([
                "PATH": "\(Program.executable.deletingLastPathComponent().path):/usr/bin:/bin",
                "HOME": "\(folder.url.path)",
            ]),
            workingDirectory: FilePath(folder.url.path), input: .none, output: .string(limit: 1 << 20),
            error: .string(limit: 1 << 20))
        return result.standardOutput.split(separator: "\n").map {
            // fish describes what it offers, after a tab.
            $0.prefix { $0 != "\t" }.trimmingCharacters(in: .whitespaces)
        }
    }

    private static func folder() throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        let more = "  - {name: bank, path: bank/inbox}\n"
        try folder.url.write(CommandTests.configuration(api: "http://127.0.0.1:1") + more, as: "sluice.yaml")
        try folder.url.write(
            CommandTests.configuration(api: "http://127.0.0.1:1").replacing("name: erp", with: "name: other"),
            as: "another.yaml")
        try folder.url.write("", as: "orders.json")
        return folder
    }

    @Test(arguments: ["bash", "fish"])
    func commandsAndOptionsAreOffered(shell: String) async throws {
        let folder = try Self.folder()
        #expect(try await Self.completions(of: "sluice st", in: folder, shell: shell) == ["status"])
        #expect(try await Self.completions(of: "sluice config ch", in: folder, shell: shell) == ["check"])
        let options = try await Self.completions(of: "sluice retry --all", in: folder, shell: shell)
        #expect(options.contains("--all-retryable"))
        let kinds = try await Self.completions(of: "sluice check --kind ", in: folder, shell: shell)
        #expect(Set(kinds) == ["account", "payment", "claim"])
    }

    @Test(arguments: ["bash", "fish"])
    func filesAreOfferedWhereFilesAreWanted(shell: String) async throws {
        let folder = try Self.folder()
        let configurations = try await Self.completions(of: "sluice run --config sl", in: folder, shell: shell)
        #expect(configurations == ["sluice.yaml"])
        for command in ["check", "show", "retry"] {
            let files = try await Self.completions(of: "sluice \(command) or", in: folder, shell: shell)
            #expect(files == ["orders.json"], "\(command)")
        }
    }

    /// fish answers this only at a terminal: its script asks for the cursor.
    @Test func theNamesOfInboxesAreOfferedByTheConfigurationThatCounts() async throws {
        let folder = try Self.folder()
        for line in ["sluice pause ", "sluice list --inbox ", "sluice resume ", "sluice check --inbox "] {
            let names = try await Self.completions(of: line, in: folder, shell: "bash")
            #expect(Set(names).isSuperset(of: ["erp", "bank"]), "\(line): \(names)")
        }
        let other = try await Self.completions(
            of: "sluice list --config another.yaml --inbox ", in: folder, shell: "bash")
        #expect(other == ["other"])
    }

    @Test(arguments: ["bash", "zsh", "fish"])
    func everyShellCanReadItsScript(shell: String) async throws {
        let folder = try TemporaryFolder()
        try folder.url.write(
            try await Program.run(["--generate-completion-script", shell]).output, as: "completion")
        let result = try await Subprocess.run(
            .name(shell), arguments: ["-n", "completion"], workingDirectory: FilePath(folder.url.path), input: .none,
            output: .discarded, error: .string(limit: 1 << 20))
        #expect(result.terminationStatus == .exited(0))
        #expect(result.standardError == "")
    }
}
