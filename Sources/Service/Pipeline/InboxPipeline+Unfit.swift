import FileSystem
import Inbox
import Ledger
import Model

/// A document that does not fit, in a state in which it can be read again.
struct Unfit: Sendable {
    let drop: Drop
    let problem: Problem
    /// Of its file; `nil`: it was not read.
    let sha256: [UInt8]?
    let status: FileStatus
    let condition: Settling.Condition
}

/// Documents of which something left before the configuration changed so that they fit no more.
extension InboxPipeline {
    /// Goes on with what of a document has left and is open: it is settled as it left, whatever its bytes are taken for by
    /// now (contract, section 5, *Unresolved*).
    ///
    /// - Returns: `nil` where nothing is open, or nothing can be made of it: it fails.
    func goOn(_ unfit: Unfit, inode: UInt64?, in work: WorkFolder) async throws -> Step? {
        guard unfit.problem.code.mayDependOnConfiguration, let sha256 = unfit.sha256 else { return nil }
        let kind = try await parts.patience.persist("read the ledger") {
            try await parts.ledger.openKind(of: unfit.drop.id, sha256: sha256, scope: settings.scope)
        }
        guard let kind, kind != .attachment else { return nil }
        let found = try await persist("read a drop in \(settings.folder.work)", in: work) {
            try await look(at: unfit.drop, in: work) {
                try await read(unfit.drop, unfit.status, unfit.condition, in: work, with: reader.goingOn(as: kind))
            }
        }
        guard case .read(.document(let document, let hash)) = found, hash == sha256 else { return nil }
        return try await job(
            for: unfit.drop, kind, .document(document), sha256: sha256, unfit.status, inode: inode,
            unfit: unfit.problem, in: work)
    }
}

extension Code {
    /// Whether the same bytes may be taken under another configuration.
    fileprivate var mayDependOnConfiguration: Bool {
        switch self {
        case .schemaJSON, .schemaXML, .kindUnknown, .sizeRecord: true
        default: false
        }
    }
}
