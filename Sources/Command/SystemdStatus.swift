import Ledger
import Model
import Service

/// The line that `systemctl status` shows: decides what it says, and whether that is new.
struct SystemdStatus {
    /// How the service is at a moment.
    struct View: Sendable {
        /// Drops between the claim and their folder.
        var queue: Int
        /// Requests in the last 60 seconds, and how many there may be; `nil`: as many as one likes.
        var requests: Int
        var limit: Int?
        /// What keeps it from working as it should, the gravest first.
        var troubles: [String]
        /// Whether its inboxes are at work: neither does it start nor stop.
        var isReady: Bool
    }

    /// How long a reload that went well is worth a word.
    static let reloadIsNews = Duration.seconds(60)

    private var reload: (text: String, until: Moment?)?
    private var said: String?

    mutating func note(_ event: ServiceEvent, at now: Moment) {
        switch event {
        case .reloaded(let change):
            reload = ("configuration read again: \(change)", now + SystemdStatus.reloadIsNews)
        case .notReloaded(let problems):
            reload = ("the configuration is wrong and not in effect: \(problems.first ?? "")", nil)
        default: break
        }
    }

    /// What is to be said now; `nil`: what was said last holds still.
    mutating func line(_ view: View, at now: Moment) -> String? {
        // What is said at the start and at the stop stands for itself.
        guard view.isReady else { return nil }
        if let until = reload?.until, until <= now { reload = nil }
        let line = text(view)
        if line == said { return nil }
        said = line
        return line
    }

    private func text(_ view: View) -> String {
        var parts: [String] = []
        if let reload { parts.append(reload.text) }
        if let first = view.troubles.first {
            parts.append(view.troubles.count > 1 ? "\(first) (and \(view.troubles.count - 1) more)" : first)
        }
        let queue =
            switch view.queue {
            case 0: "no drops on their way"
            case 1: "1 drop on its way"
            default: "\(view.queue) drops on their way"
            }
        let limit = view.limit.map { " of \($0)" } ?? ""
        parts.append("\(queue), \(view.requests)\(limit) requests in the last minute")
        // Names and paths are strangers' text: nothing in them can end the line.
        return FileName.escaped(parts.joined(separator: "; ").utf8)
    }
}

extension SystemdStatus.View {
    /// - Throws: where the ledger cannot be read.
    init(_ service: SluiceService) async throws {
        let live = await service.live()
        let queue = try await service.administration().ledger.queues().values.map(\.drops).reduce(0, +)
        self.init(
            queue: queue, requests: live.requests, limit: live.limit, troubles: live.troubles,
            isReady: live.state.isReady)
    }
}
