import ArgumentParser
import FileSystem
import Ledger
import Model
import Service

struct RetryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry", abstract: "Put failed drops back into their inbox.",
        discussion: """
            A file that was corrected is new content; one that was not keeps its reference, so that nothing is sent twice.

            Exit status: 0; 65 if a drop was refused, with the reason; 66 if there is no such drop.
            """)

    @OptionGroup var option: AdministrationOption

    @Argument(help: "Drops: identifiers, paths of their files in failed, or names.", completion: .file())
    var drops: [String] = []

    @Flag(help: "All failed drops that may well go through unchanged.") var allRetryable = false

    func validate() throws {
        if drops.isEmpty != allRetryable { throw ValidationError("name drops, or give --all-retryable") }
    }

    func run() async throws {
        let administration = try option.open()
        var isRefused = false
        var isUnknown = false
        for (words, entry) in try wanted(administration, &isUnknown) {
            let shown = FileName.escaped(words.utf8)
            do {
                let name = try administration.putBack(entry)
                Output.line("\(shown): back in \(entry.drop.inbox) as \(name)")
            } catch let error as Administration.Refusal {
                isRefused = true
                Output.error("\(shown): \(error)")
            } catch let error as SystemCallError {
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
                found.append((words, try administration.drop(words)))
            } catch let error as Administration.Unknown {
                isUnknown = true
                Output.error("sluice: \(error)")
            }
        }
        return found
    }
}
