import Model
import Service

/// All that the live view shows, at a moment.
struct WatchState: Sendable {
    struct LastDrop: Sendable, Hashable {
        var at: Timestamp
        var inbox: String
        var name: String
        var outcome: Outcome
        var code: Code?
    }

    var now: Timestamp
    var condition: Condition
    /// The service's process; `nil`: none runs.
    var process: String?
    /// Requests in the last minute, and how many there may be; `nil`: as many as one likes.
    var requests = 0
    var limit: Int?
    /// What the service says of itself; `nil`: it does not run, or cannot be asked.
    var health: ServiceHealth?
    /// What an admin has to decide; `nil`: nothing.
    var toDecide: String?
    var inboxes: [StatusReport.Inbox] = []
    /// The drops that came to their end last, the newest first.
    var drops: [LastDrop] = []
    /// `nil`: there is none.
    var backlog: Backlog?

    /// Files that lie in inboxes.
    var waiting: Int { inboxes.compactMap(\.waiting).reduce(0, +) }
    var underWay: Int { inboxes.map(\.underWay).reduce(0, +) }
}

/// How the service is, in a word and an exit status.
enum Condition: String, Sendable, Hashable {
    case healthy
    case degraded
    case notRunning = "not running"

    init(_ report: StatusReport, _ health: ServiceHealth?) {
        self =
            !report.isRunning
            ? .notRunning : report.isDegraded || health?.troubles.isEmpty == false ? .degraded : .healthy
    }

    var color: Output.Color {
        switch self {
        case .healthy: .green
        case .degraded: .yellow
        case .notRunning: .red
        }
    }

    /// - Throws: the exit status, where it is not 0.
    func exit() throws {
        switch self {
        case .healthy: break
        case .degraded: throw Exit.degraded
        case .notRunning: throw Exit.notRunning
        }
    }
}
