import FileSystem
import Ledger
import Model
import SystemPackage

/// What drops wait for where the service does not run, or cannot be asked: by the ledger alone.
extension Administration {
    /// - Parameters:
    ///   - reason: why the service is not asked, as the beginning of a sentence.
    /// - Returns: `nil` for a drop that has come to its end.
    package func waitsFor(_ entry: DropEntry, unasked reason: String) throws -> WaitsFor? {
        if entry.isFiled { return nil }
        let drop = entry.drop
        let known: WaitsFor
        if entry.outcome != nil {
            known = WaitsFor(.filing, "its outcome stands, and it is to be filed.")
        } else if let pause = WaitsFor.pause(
            of: drop.inbox, pauses: try ledger.pauses(), toDecide: try ledger.pauseReason())
        {
            known = pause
        } else if let other = try ledger.dropOnSameContent(as: drop.id) {
            let entry = try ledger.drop(other)
            known = .turn(
                behind: other, name: entry?.drop.inbox == drop.inbox ? entry?.drop.name : nil, isSameContent: true)
        } else {
            known = WaitsFor(.service, try sent(entry))
        }
        return WaitsFor(
            .service, behind: known.behind, "\(reason). By the ledger: \(known.message.asContinuation)")
    }

    private func sent(_ entry: DropEntry) throws -> String {
        let attempts = try ledger.batches(of: entry.drop.id).compactMap(\.attempts.last)
        guard let last = attempts.max(by: { $0.at < $1.at }) else { return "nothing of it was sent so far." }
        if entry.kind == .attachment, last.status == 404 {
            return "the API did not know its account at \(last.at); it is sent again until attachments.wait is over."
        }
        let answer = last.error.map { "ended with \($0.rawValue)" } ?? last.status.map { "was answered with \($0)" }
        return "its last attempt, at \(last.at), \(answer ?? "was cut off, and is repeated under its reference")."
    }

    /// The file in an inbox that a person means by its path; `nil`: it is none.
    package func fileInInbox(_ path: FilePath) -> (inbox: String, name: FileName, bytes: Int64)? {
        guard let (here, name) = Administration.located(path),
            let inbox = inboxes.first(where: { $0.value.inbox.lexicallyNormalized() == here })?.key,
            let status = try? Directory(opening: here).status(of: name), status.form != .directory
        else { return nil }
        return (inbox, name, status.size)
    }
}

extension String {
    /// A sentence behind a colon.
    fileprivate var asContinuation: String { prefix(1).lowercased() + dropFirst() }
}
