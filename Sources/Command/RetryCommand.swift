import ArgumentParser
import Ledger
import Model
import Service
import SluiceConfiguration

struct RetryCommand: AdministrationCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry", abstract: "Put failed drops back into their inbox.",
        discussion: """
            A file that was corrected is new content; one that was not keeps its reference, so that nothing is sent twice.

            With --as-new it goes under a fresh reference, one with -rN behind it; of a drop in done a copy does. Payments \
            that were accepted, or may have been, are refused then, unless --send-twice says that they may well be \
            counted twice.

            Exit status: 0; 65 if a drop was refused or could not be put back, with the reason; 66 if there is no such drop.
            """)

    @OptionGroup var option: ConfigurationOption

    @Argument(help: "Drops: identifiers, paths of their files in failed or done, or names.", completion: .file())
    var drops: [PathArgument] = []

    @Flag(help: "All failed drops that may well go through unchanged.") var allRetryable = false

    @Flag(help: "Send it under a fresh reference, whatever is known of its content.") var asNew = false

    @Flag(help: "With --as-new: payments too that were accepted, or may have been.") var sendTwice = false

    @Flag(help: "Also one that is older than what was accepted since (order.superseded).") var stale = false

    func validate() throws {
        if drops.isEmpty != allRetryable { throw ValidationError("name drops, or give --all-retryable") }
        if sendTwice && !asNew { throw ValidationError("--send-twice goes with --as-new") }
    }

    func run(with configuration: SluiceConfiguration.Configuration) async throws {
        let administration = try Administration(configuration)
        let terms = RetryTerms(asNew: asNew, sendTwice: sendTwice, stale: stale)
        // Other terms are written to the ledger before a file moves, and opening it for that looks as well.
        if terms.areUsual { try SharedState.check(configuration) }
        let writer = LedgerWriter(configuration)
        var isRefused = false
        var isUnknown = false
        for (shown, entry) in try wanted(administration, &isUnknown) {
            do {
                let name = try await administration.putBack(entry, terms) { try writer.open() }
                Output.line("\(shown): back in \(entry.drop.inbox) as \(name)\(asNew ? ", to be sent as new" : "")")
            } catch let error as LedgerWriter.CannotOpen {
                throw error.cause
            } catch {
                // Refused, or something is in the way of this one: the others may well go.
                isRefused = true
                Output.error("\(shown): \(error)")
            }
        }
        if isUnknown { throw Exit.noSuchFile }
        if isRefused { throw Exit.invalid }
    }

    private func wanted(
        _ administration: Administration, _ isUnknown: inout Bool
    ) throws -> [(String, DropEntry)] {
        if allRetryable {
            return try administration.retryable().map { ($0.shownName.description, $0) }
        }
        var found: [(String, DropEntry)] = []
        for words in drops {
            do {
                found.append((words.description, try administration.drop(words.path)))
            } catch let error as Administration.Unknown {
                isUnknown = true
                Output.error("sluice: \(error)")
            }
        }
        return found
    }
}

/// The ledger for a command that seldom has to write: opened once, and only then.
private final class LedgerWriter {
    /// In the way of whatever has to be written.
    struct CannotOpen: Error {
        let cause: any Error
    }

    private let configuration: SluiceConfiguration.Configuration
    private var ledger: Ledger?

    init(_ configuration: SluiceConfiguration.Configuration) {
        self.configuration = configuration
    }

    func open() throws(CannotOpen) -> Ledger {
        if let ledger { return ledger }
        do {
            let opened = try SharedState.openLedger(configuration)
            ledger = opened
            return opened
        } catch {
            throw CannotOpen(cause: error)
        }
    }
}
