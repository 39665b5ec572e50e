import ArgumentParser
import Ledger
import Model
import Service
import SluiceConfiguration

struct PauseCommand: AdministrationCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause", abstract: "Stop taking drops and sending, of all inboxes or of one.",
        discussion: """
            Requests under way come to their end. A pause holds over restarts, until sluice resume. Whether the \
            service runs does not matter.
            """)

    @OptionGroup var option: ConfigurationOption

    @Argument(help: "The inbox; all of them unless given.", completion: .inboxes)
    var inbox: String?

    func run(with configuration: SluiceConfiguration.Configuration) async throws {
        try configuration.checkInbox(inbox)
        let ledger = try SharedState.openLedger(configuration)
        try await PauseControl.pause(inbox, ledger: ledger, state: configuration.state)
        Output.line(inbox.map { "The inbox \($0) is paused." } ?? "Everything is paused.")
    }
}

struct ResumeCommand: AdministrationCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Go on after a pause: everything, or one inbox.")

    @OptionGroup var option: ConfigurationOption

    @Argument(help: "The inbox; every pause ends unless given.", completion: .inboxes)
    var inbox: String?

    func run(with configuration: SluiceConfiguration.Configuration) async throws {
        try configuration.checkInbox(inbox)
        let ledger = try SharedState.openLedger(configuration)
        let paused = try await ledger.pauses()
        try await PauseControl.resume(inbox, ledger: ledger, state: configuration.state)
        guard let inbox else { return Output.line("Nothing is paused.") }
        let rest = paused.contains("") ? " Everything is paused still: sluice resume, without a name, ends that." : ""
        Output.line("The inbox \(inbox) is not paused any more.\(rest)")
    }
}

extension SluiceConfiguration.Configuration {
    /// - Throws: `Exit`, for the name of an inbox that there is not.
    fileprivate func checkInbox(_ name: String?) throws {
        guard let name, !expandedInboxes().contains(where: { $0.name == name }) else { return }
        Output.error("sluice: the configuration has no inbox \(name)")
        throw Exit.noSuchFile
    }
}
