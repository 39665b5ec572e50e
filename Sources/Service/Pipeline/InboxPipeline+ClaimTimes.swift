import FileSystem
import Inbox
import Ledger
import Model

/// What lies in `.work` from earlier runs, in the order of its claims.
extension InboxPipeline {
    /// Gives copies that took foreign files' places the change times that those had: with its own a copy would come behind
    /// what was claimed after it, and its marker look like a later drop's.
    func asClaimed(
        _ contents: [(name: WorkName, status: FileStatus)], in work: WorkFolder
    ) async throws -> [(name: WorkName, status: FileStatus)] {
        var contents = contents
        for index in contents.indices {
            let (name, status) = contents[index]
            guard let note = work.claimNote(of: name, status) else { continue }
            // One that has ended is another drop by now: it was put back and claimed again.
            if try await parts.ledger.result(of: note.drop) == nil { contents[index].status.changed = note.claimed }
        }
        return contents.sorted { ($0.status.changed, $0.name.name) < ($1.status.changed, $1.name.name) }
    }
}
