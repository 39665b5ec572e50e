import Documents
import FileSystem
import Inbox
import Ledger
import Model

/// Where a drop comes from. Its place in the order of arrival is settled before it is worked on, beside others.
enum DropJob: Sendable {
    /// The ledger knows it from an earlier run; the status is that of its file in `.work`.
    case known(Unfinished, FileStatus?)
    /// It lies in `.work`, and the ledger does not know it: it was claimed and the service was stopped.
    case unknown(Drop, FileStatus)
    case new(Drop, ClaimedDrop)

    var drop: Drop {
        switch self {
        case .known(let unfinished, _): unfinished.drop
        case .unknown(let drop, _), .new(let drop, _): drop
        }
    }

    /// The drop, where nobody has heard of it.
    var arrived: Drop? {
        switch self {
        case .known: nil
        case .unknown(let drop, _), .new(let drop, _): drop
        }
    }
}

/// How a document is read, by its size.
struct DocumentSizes: Sendable {
    /// The largest document that is held whole.
    let held: Int
    /// Larger ones are read in windows where their schema allows it, whatever still could be held.
    let windowed: Int

    /// - Parameter memory: `limits.memory`.
    init(memory: Int) {
        held = memory / MemoryShare.document
        windowed = min(held, DocumentSizes.usual)
        window = max(DocumentSizes.smallestWindow, min(WindowedText.usualBytes, memory / 16))
        records = max(DocumentSizes.fewestRecords, MemoryShare.records(of: memory) / DocumentJudge.recordBytes)
    }

    /// How much of its records is held at once.
    let window: Int
    /// How many records may be read in windows: something is kept of each.
    let records: Int

    /// What is longer is not read at all. It would be hundreds of requests; more likely it is a mistake or worse.
    let longest = 4 << 30

    /// Whatever fits into memory is held, and large documents are read in windows.
    static let unlimited = DocumentSizes(memory: .max)

    /// Larger than what goes into one request.
    private static let usual = 32 << 20
    private static let smallestWindow = 64 << 10
    /// As many as the process may hold beside the budget, however small that is.
    private static let fewestRecords = 250_000
}

/// How much of the memory budget a drop needs.
enum MemoryShare {
    /// What any drop needs, however small: what is known of it, and the tasks that it has.
    static let drop = 48 * 1024
    /// A document's text, the tree of its values at its worst, and the body made from it, as times its text.
    static let document = 12
    /// What of the budget a body may be: its text and what it is made from.
    static let body = 2
    /// What of the budget a record may be that is read in windows. As large as a body may be, unless the budget is small.
    static let record = 8
    /// What an attachment's pieces need on their way.
    static let attachment = 256 * 1024
    /// What a document's windows need, with what is made from them.
    static let windowed = 24 << 20

    /// What is kept of all records that are read in windows may take, until there are bodies.
    ///
    /// - Parameter limit: `limits.memory`.
    static func records(of limit: Int) -> Int { limit / 8 * 3 }

    /// - Parameters:
    ///   - body: the most bytes of a request's body.
    ///   - inWindows: whether large documents are read in windows.
    static func bytes(for job: DropJob, limit: Int, body: Int, inWindows: Bool) -> Int {
        let (name, size): (FileName, Int64) =
            switch job {
            case .known(.decided, _), .known(.waiting, nil): (FileName(""), 0)
            case .known(.waiting(let drop), let status?): (drop.name, status.size)
            case .unknown(let drop, let status): (drop.name, status.size)
            case .new(let drop, let claimed): (drop.name, claimed.status.size)
            }
        let bytes = Int(min(size, Int64(limit)))
        let wanted =
            switch name.lowercaseExtension {
            case "pdf": attachment
            case "json", "xml":
                inWindows && bytes > DocumentSizes(memory: limit).windowed
                    ? windowed + max(2 * body, records(of: limit))
                    : bytes * document
            default: bytes * body
            }
        return min(limit, max(drop, wanted))
    }
}
