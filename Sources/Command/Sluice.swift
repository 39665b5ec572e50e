import ArgumentParser

/// The program: its commands, one file each.
@main
struct Sluice: AsyncParsableCommand {
    /// The version of this build, by the changelog.
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "sluice",
        abstract: "Turns folders into API calls: watches, judges, delivers and files what senders drop.",
        discussion: """
            Try it:        sluice demo
            Check a file:  sluice check orders.json
            For real:      sluice config check && sluice run

            The configuration is found at --config, else $SLUICE_CONFIG, else ./sluice.yaml, else \
            /etc/sluice/sluice.yaml.
            """,
        version: version,
        subcommands: [
            RunCommand.self, CheckCommand.self, StatusCommand.self, ListCommand.self, ShowCommand.self,
            RetryCommand.self, PauseCommand.self, ResumeCommand.self, AuditCommand.self, BackupCommand.self,
            ConfigCommand.self, SandboxCommand.self, DemoCommand.self,
        ])

    static func main() async { await main(CommandLine.given) }
}

/// Exit statuses that scripts rely on (contract, section 9; sysexits.h).
enum Exit {
    static let failedDrop = ExitCode(1)
    static let degraded = ExitCode(1)
    static let notAsTheLedgerSays = ExitCode(1)
    static let notRunning = ExitCode(3)
    static let invalid = ExitCode(65)
    static let noSuchFile = ExitCode(66)
    static let cannotStart = ExitCode(69)
    static let cannotWrite = ExitCode(74)
    static let badConfiguration = ExitCode(78)
}
