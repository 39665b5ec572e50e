import ArgumentParser
import FileSystem
import Ledger
import Model
import Service
import SluiceConfiguration
import SystemPackage

struct PauseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause", abstract: "Stop taking drops and sending, of all inboxes or of one.",
        discussion: """
            Requests under way come to their end. A pause holds over restarts, until sluice resume. Whether the \
            service runs does not matter.
            """)

    @OptionGroup var option: ConfigurationOption

    @Argument(help: "The inbox; all of them unless given.", completion: .inboxes)
    var inbox: String?

    func run() async throws {
        let state = try PauseState(option, inbox)
        try await PauseControl.pause(inbox, ledger: state.ledger, state: state.path)
        Output.line(inbox.map { "The inbox \($0) is paused." } ?? "Everything is paused.")
    }
}

struct ResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Go on after a pause: everything, or one inbox.")

    @OptionGroup var option: ConfigurationOption

    @Argument(help: "The inbox; every pause ends unless given.", completion: .inboxes)
    var inbox: String?

    func run() async throws {
        let state = try PauseState(option, inbox)
        let paused = try await state.ledger.pauses()
        try await PauseControl.resume(inbox, ledger: state.ledger, state: state.path)
        guard let inbox else { return Output.line("Nothing is paused.") }
        let rest = paused.contains("") ? " Everything is paused still: sluice resume, without a name, ends that." : ""
        Output.line("The inbox \(inbox) is not paused any more.\(rest)")
    }
}

/// The ledger in the configured state folder, for a command that changes it beside a running service.
private struct PauseState {
    let path: FilePath
    let ledger: Ledger

    init(_ option: ConfigurationOption, _ inbox: String?) throws {
        let configuration = try option.load()
        if let inbox, !configuration.expandedInboxes().contains(where: { $0.name == inbox }) {
            Output.error("sluice: the configuration has no inbox \(inbox)")
            throw Exit.noSuchFile
        }
        path = configuration.state
        ledger = try SharedState.openLedgerOrExit(configuration)
    }
}
