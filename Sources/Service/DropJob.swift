import FileSystem
import Inbox
import Ledger
import Model

/// Where a drop comes from.
enum DropJob: Sendable {
    /// The ledger knows it from an earlier run; the status is that of its file in `.work`.
    case known(Unfinished, FileStatus?)
    /// It lies in `.work`, and the ledger does not know it: it was claimed and the service was stopped.
    case unknown(WorkName, FileStatus)
    case new(ClaimedDrop)
}

/// How much of the memory budget a drop needs.
enum MemoryShare {
    /// A document's text and the body made from it.
    static let document = 2
    /// What an attachment's pieces need on their way.
    static let attachment = 256 * 1024

    static func bytes(for job: DropJob, limit: Int) -> Int {
        let (name, size): (FileName, Int64) =
            switch job {
            case .known(.decided, _), .known(.waiting, nil): (FileName(""), 0)
            case .known(.waiting(let drop), let status?): (drop.name, status.size)
            case .unknown(let name, let status): (name.name, status.size)
            case .new(let claimed): (claimed.name, claimed.status.size)
            }
        let wanted = name.lowercaseExtension == "pdf" ? attachment : Int(min(size, Int64(limit))) * document
        return min(limit, wanted)
    }
}
