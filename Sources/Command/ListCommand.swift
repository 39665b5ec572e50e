import ArgumentParser
import Ledger
import Model
import Service

struct ListCommand: AsyncParsableCommand {
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

    @OptionGroup var option: AdministrationOption

    @Flag(exclusivity: .exclusive) var state: State?

    @Option(help: "Those of one inbox.", completion: .inboxes) var inbox: String?

    @Option(help: "Those whose name, reference or result has this text in it.") var search: String?

    @Option(help: "At most so many.") var limit = 100

    @Flag(help: "Print JSON.") var json = false

    func validate() throws {
        if limit < 1 { throw ValidationError("--limit has to be 1 or more") }
    }

    func run() async throws {
        let administration = try option.open()
        let wanted: DropQuery.State? =
            switch state {
            case .failed: .ended(.failed)
            case .done: .ended(.done)
            case .pending: .pending
            case nil: nil
            }
        let drops = try administration.ledger.drops(
            DropQuery(state: wanted, inbox: inbox, text: search, limit: limit))
        if json {
            var json = JSONWriter(indented: true)
            json.array { list in for drop in drops { list.element { drop.write(to: &$0) } } }
            return Output.line(json.text)
        }
        if drops.isEmpty { return Output.line("no drops") }
        var table = Table(flexible: [2], "RECEIVED", "INBOX", "NAME", "KIND", "OUTCOME", "CODE", "DROP")
        for drop in drops {
            table.add(
                .init(String(drop.drop.receivedAt.shortText.dropLast(3))), .init(drop.drop.inbox),
                .init(drop.shownName.description), .init(drop.kind?.rawValue ?? "–"), drop.outcomeCell,
                .init(drop.problem?.code.rawValue ?? ""), .init(drop.drop.id.text))
        }
        for line in table.lines() { Output.line(line) }
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
