import ArgumentParser
import Ledger
import Model
import Service
import SluiceConfiguration

struct ListCommand: AdministrationCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List drops, the newest first.",
        discussion: "Without --failed, --done or --pending all of them. Exit status: 0.")

    enum State: String, EnumerableFlag {
        case failed, done, pending

        static func help(for value: State) -> ArgumentHelp? {
            switch value {
            case .failed: "Those that failed."
            case .done: "Those that were accepted, or were before."
            case .pending: "Those that are on their way."
            }
        }
    }

    @OptionGroup var option: ConfigurationOption

    @Flag(exclusivity: .exclusive) var state: State?

    @Option(help: "Those of one inbox.", completion: .inboxes) var inbox: String?

    @Option(help: "Those whose name, reference or result has this text in it.") var search: String?

    @Option(help: "At most so many; all unless given.") var limit: Int?

    @Flag(help: "Print JSON.") var json = false

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit has to be 1 or more") }
    }

    func run(with configuration: SluiceConfiguration.Configuration) async throws {
        let ledger = try Administration(configuration).ledger
        let wanted: DropQuery.State? =
            switch state {
            case .failed: .ended(.failed)
            case .done: .ended(.done)
            case .pending: .pending
            case nil: nil
            }
        let query = DropQuery(state: wanted, inbox: inbox, text: search, limit: limit ?? .max)
        if json { try printJSON(query, ledger) } else { try printTable(query, ledger) }
    }

    private func printJSON(_ query: DropQuery, _ ledger: LedgerReader) throws {
        var json = JSONWriter(indented: true)
        try json.array { list in
            try ledger.eachPage(of: query) { drops in
                for drop in drops { list.element { drop.write(to: &$0) } }
                Output.raw(list.take())
            }
        }
        Output.line(json.text)
    }

    private func printTable(_ query: DropQuery, _ ledger: LedgerReader) throws {
        var table = Table(flexible: [2], "RECEIVED", "INBOX", "NAME", "KIND", "OUTCOME", "CODE", "DROP")
        try ledger.eachPage(of: query) { drops in
            for drop in drops {
                table.add(
                    .init(String(drop.drop.receivedAt.shortText.dropLast(3))), .init(drop.drop.inbox),
                    .init(drop.shownName.description), .init(drop.kind?.rawValue ?? "–"), drop.outcomeCell,
                    .init(drop.problem?.code.rawValue ?? ""), .init(drop.drop.id.text))
            }
            Output.raw(table.takeLines().map { $0 + "\n" }.joined())
        }
        if table.isUntouched { Output.line("no drops") }
    }
}

extension DropEntry {
    /// The name that it has where it lies.
    var shownName: FileName { filedName ?? drop.name }

    var outcomeCell: Table.Cell {
        switch outcome {
        case nil: .init("on its way", .yellow)
        case .accepted: .init("accepted\(removed)", .green)
        case .duplicate: .init("duplicate\(removed)", .green)
        case .failed: .init("failed\(removed)", .red)
        }
    }

    private var removed: String { removedAt.map { ", removed on \($0.date)" } ?? "" }
}

extension Timestamp {
    /// To the second, without the letters.
    var shortText: String { String(description.prefix(19)).replacing("T", with: " ") }
}
