import FileSystem
import Inbox
import Ledger
import Model
import SluiceConfiguration
import SystemPackage

/// How things are, for `sluice status`.
package struct StatusReport: Sendable {
    package struct Inbox: Sendable {
        package var name: String
        /// Files that lie in the folder and are not claimed; `nil`: it cannot be looked into.
        package var waiting: Int?
        /// Drops between the claim and their folder.
        package var underWay: Int
        /// Of the last 24 hours.
        package var accepted = 0
        package var duplicate = 0
        package var failed = 0
        /// What is wrong with its folders.
        package var problems: [String]
        /// An admin paused it, or everything.
        package var isPaused: Bool
    }

    /// The process of the service; `nil`: none runs on this state folder.
    package var process: String?
    /// Why everything is paused until an admin has decided; `nil`: nothing is to be decided.
    package var toDecide: String?
    package var inboxes: [Inbox]
    /// Requests in the last 60 seconds, and how many may be made; `nil`: as many as one likes.
    package var requests: Int
    package var limit: Int?
    package var lastRequest: Attempt?
    /// The newest failed drops.
    package var failures: [DropEntry]

    package var isRunning: Bool { process != nil }
    /// Something wants an admin.
    package var isDegraded: Bool {
        // One of long ago says nothing: what is in the way for longer, the service says itself.
        let isAPIInTheWay =
            switch requests > 0 ? lastRequest?.error : nil {
            case .submitUnauthorized, .submitForbidden, .submitRateLimited, .submitServerError, .submitNetwork: true
            default: false
            }
        return isAPIInTheWay || toDecide != nil
            || inboxes.contains { !$0.problems.isEmpty || $0.waiting == nil || $0.isPaused }
    }
}

extension Administration {
    /// Whether a service runs on the state folder.
    package var isServed: Bool { StateLock.holder(of: configuration.state) != nil }

    /// - Parameter failures: how many of the newest failed drops are told.
    package func status(failures: Int = 5, at now: Timestamp) throws -> StatusReport {
        let queues = try ledger.queues()
        let pauses = try ledger.pauses()
        let ended = try ledger.ended(since: now + .seconds(-24 * 3600))
        let requests = try ledger.requests(since: now + .seconds(-60))
        let inboxes = configuration.expandedInboxes().map { inbox in
            var status = StatusReport.Inbox(
                name: inbox.name, waiting: waiting(in: inbox), underWay: queues[inbox.name]?.drops ?? 0,
                problems: FolderCheck.problems(of: inbox),
                isPaused: pauses.contains("") || pauses.contains(inbox.name))
            for row in ended where row.inbox == inbox.name {
                switch row.outcome {
                case .accepted: status.accepted = row.count
                case .duplicate: status.duplicate = row.count
                case .failed: status.failed = row.count
                }
            }
            return status
        }
        return StatusReport(
            process: StateLock.holder(of: configuration.state), toDecide: try ledger.pauseReason(), inboxes: inboxes,
            requests: requests.count,
            limit: configuration.limits.requestsPerMinute, lastRequest: requests.last,
            failures: try ledger.drops(DropQuery(state: .ended(.failed), limit: failures)))
    }

    /// How many files wait in an inbox, those that are ignored apart; `nil`: it cannot be listed.
    private func waiting(in inbox: Configuration.Inbox) -> Int? {
        do throws(SystemCallError) {
            let ignored = IgnoreList(globs: inbox.ignore)
            return try Directory(opening: inbox.path).list().count { !ignored.contains($0) && !$0.isSidecar }
        } catch {
            return nil
        }
    }
}

extension StatusReport.Inbox {
    /// As the commands and the API write it.
    package func write(to json: inout JSONWriter) {
        json.object {
            $0.member("name", name)
            $0.member("waiting") { $0.value(waiting) }
            $0.member("underWay", underWay)
            $0.member("accepted", accepted)
            $0.member("duplicate", duplicate)
            $0.member("failed", failed)
            $0.member("paused", isPaused)
            $0.member("problems") { json in
                json.array { list in for problem in problems { list.element { $0.value(problem) } } }
            }
        }
    }
}
