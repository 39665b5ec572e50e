import Delivery
import Documents
import FileSystem
import Filing
import Inbox
import Ledger
import Model
import SystemPackage

/// One inbox from the claim to the filed drop: the way of the contract's section 3.
final class InboxPipeline: Sendable {
    /// Drops of one inbox that are on their way at the same time; the rest wait in the folder.
    static let width = 64

    let settings: InboxSettings
    let folder: InboxFolder
    let reader: DropReader
    let parts: SharedParts
    private let gate = ArrivalGate()
    private let places = Turnstile(places: width)

    init(_ settings: InboxSettings, parts: SharedParts, documents: DocumentJudge) {
        self.settings = settings
        self.parts = parts
        let report = parts.report
        folder = InboxFolder(settings.folder, time: parts.time) { report(.inbox(settings.name, $0)) }
        reader = DropReader(
            inbox: settings.name, documents: documents, attachments: settings.attachments,
            longestDocument: parts.memory.limit / MemoryShare.document)
    }

    /// Takes up what earlier runs left, then drop after drop, until the service stops or, with `once`, nothing is left.
    func run() async {
        await withDiscardingTaskGroup { group in
            do {
                guard try await foldersAreSuitable() else { return }
                let work = try await openWork()
                for job in try await leftovers(in: work) { try await start(job, in: work, &group) }
                for await claimed in folder.drops {
                    try await start(.new(claimed), in: work, &group)
                }
            } catch {
                // Only a stop of the service ends up here; what is claimed lies in `.work` for the next run.
                group.cancelAll()
            }
            await folder.stop()
        }
    }

    /// Waits until the inbox and its folders are as they have to be.
    ///
    /// - Returns: `false` with `once`: there is no waiting then.
    private func foldersAreSuitable() async throws -> Bool {
        var isReported = false
        while let problem = settings.folderProblems().first {
            if !isReported { parts.report(.inbox(settings.name, .unsuitable(problem))) }
            isReported = true
            if settings.folder.once { return false }
            try await parts.time.sleep(for: min(settings.folder.rescan, .seconds(1)))
        }
        if isReported { parts.report(.inbox(settings.name, .available)) }
        return true
    }

    private func openWork() async throws -> WorkFolder {
        try await parts.patience.persist("open \(settings.folder.work)") {
            try WorkFolder(at: settings.folder.work)
        }
    }

    private func start(_ job: DropJob, in work: WorkFolder, _ group: inout DiscardingTaskGroup) async throws {
        try await places.enter(lane: "")
        let ticket = await gate.ticket()
        group.addTask {
            do {
                try await self.process(job, ticket, in: work)
            } catch {
                // Stopped: the drop stays where the ledger left it.
            }
            await self.gate.leave(ticket)
            await self.places.leave()
        }
    }

    /// Everything in `.work` and in the ledger that has not come to its end: known drops by arrival, then those that
    /// were claimed and never judged.
    private func leftovers(in work: WorkFolder) async throws -> [DropJob] {
        try await parts.patience.persist("take up what lies in \(settings.folder.work)") {
            let unfinished = try await parts.ledger.unfinished(inbox: settings.name)
            let contents = try work.contents()
            let known = Set(unfinished.map(\.drop.workName))
            let statuses = Dictionary(uniqueKeysWithValues: contents.map { ($0.name, $0.status) })
            return unfinished.map { .known($0, statuses[$0.drop.workName]) }
                + contents.filter { !known.contains($0.name) }.map { .unknown($0.name, $0.status) }
        }
    }

    private func process(_ job: DropJob, _ ticket: ArrivalGate.Ticket, in work: WorkFolder) async throws {
        switch job {
        case .known(.decided(let result, let filedName), _):
            await gate.leave(ticket)
            try await file(result, FiledName(filedName), in: work)
        case .known(.waiting(let drop), nil):
            parts.report(.missing(drop))
        case .known(.waiting(let drop), let status?):
            try await process(drop, status, .whole, claimed: nil, ticket, in: work)
        case .unknown(let name, let status):
            let condition = status.form == .regular && status.links == 1 ? Settling.Condition.whole : .notRegular
            try await process(newDrop(name, status), status, condition, claimed: nil, ticket, in: work)
        case .new(let claimed):
            let drop = newDrop(claimed.workName, claimed.status)
            try await process(drop, claimed.status, claimed.condition, claimed: claimed, ticket, in: work)
        }
    }

    private func newDrop(_ name: WorkName, _ status: FileStatus) -> Drop {
        let now = parts.time.timestamp
        var generator = SystemRandomNumberGenerator()
        return Drop(
            id: DropID(at: now, using: &generator), arrival: parts.ledger.nextArrival(), inbox: settings.name,
            name: name.name, workName: name, bytes: status.size, receivedAt: now)
    }

    private func process(
        _ drop: Drop, _ status: FileStatus, _ condition: Settling.Condition, claimed: ClaimedDrop?,
        _ ticket: ArrivalGate.Ticket, in work: WorkFolder
    ) async throws {
        let held = MemoryShare.bytes(for: drop, status, limit: parts.memory.limit)
        try await parts.memory.take(held)
        do {
            try await judgeAndSubmit(drop, status, condition, claimed: claimed, ticket, in: work)
        } catch {
            await parts.memory.giveBack(held)
            throw error
        }
        await parts.memory.giveBack(held)
    }

    private func judgeAndSubmit(
        _ drop: Drop, _ status: FileStatus, _ condition: Settling.Condition, claimed: ClaimedDrop?,
        _ ticket: ArrivalGate.Ticket, in work: WorkFolder
    ) async throws {
        let reading = try await parts.patience.persist("read a drop in \(settings.folder.work)") {
            if condition != .notRegular && settings.copies(status), try !work.adopt(drop.workName) {
                let problem = Problem(.readChanged, "The file was written to while it was taken.")
                return DropReader.Reading.problem(nil, problem, sha256: nil)
            }
            return try reader.read(
                drop.name, in: work.folder(of: drop.workName), condition: condition, arrived: drop.receivedAt)
        }
        switch reading {
        case .unfinished(let problem, let sha256):
            if let claimed, await folder.takeBack(claimed) {
                parts.report(.wentBack(inbox: settings.name, drop.name))
                return
            }
            try await conclude(drop, sha256: sha256, .failed(problem), in: work)
        case .problem(let kind, let problem, let sha256):
            try await conclude(drop, kind: kind, sha256: sha256, .failed(problem), in: work)
        case .document(let document, let sha256):
            let job = SubmissionJob(drop: drop, kind: document.kind, sha256: sha256, content: .document(document))
            try await submit(job, ticket, in: work)
        case .attachment(let attachment, let file, let size, let sha256):
            let job = SubmissionJob(
                drop: drop, kind: .attachment, sha256: sha256,
                content: .attachment(attachment, file: file, size: size))
            try await submit(job, ticket, in: work)
        }
    }

    private func submit(_ job: SubmissionJob, _ ticket: ArrivalGate.Ticket, in work: WorkFolder) async throws {
        await gate.enter(ticket)
        let turn = try await turn(job, ticket)
        let ending: Ending
        switch turn {
        case .submit(let batches): ending = try await parts.submitter.submit(job, batches, settings)
        case .duplicate(let first): ending = Ending(outcome: .duplicate, duplicateOf: first)
        case .refused(let problem): ending = .failed(problem)
        case .wait: preconditionFailure("a drop that waits has no turn")
        }
        try await conclude(job.drop, kind: job.kind, sha256: job.sha256, ending, in: work)
        if ending.outcome == .accepted, case .document(let document) = job.content {
            await parts.submitter.announceAccounts(of: document)
        }
    }

    /// Asks the ledger until the drop's turn has come.
    private func turn(_ job: SubmissionJob, _ ticket: ArrivalGate.Ticket) async throws -> Turn {
        while true {
            let turn = try await parts.patience.persist("write the ledger") {
                try await parts.ledger.admit(job.admission(scope: settings.scope))
            }
            await gate.leave(ticket)
            guard case .wait(let other) = turn else { return turn }
            try await parts.patience.persist("read the ledger") {
                try await parts.announcements.waitForFinal(other)
            }
        }
    }

    /// Makes the outcome last, then files drop and result.
    private func conclude(
        _ drop: Drop, kind: Kind? = nil, sha256: [UInt8]?, _ ending: Ending, in work: WorkFolder
    ) async throws {
        let name = try await reserve(drop.name, ending.outcome.folder)
        let result = try await parts.patience.persist("write the ledger") {
            try await parts.ledger.conclude(drop, kind: kind, sha256: sha256, ending, filedName: name.drop)
        }
        await parts.announcements.announce(final: drop.id)
        try await file(result, name, in: work)
    }

    private func reserve(_ name: FileName, _ folder: Folder) async throws -> FiledName {
        try await parts.patience.persist("look into \(settings.path(of: folder))") {
            try settings.filing(folder).reserve(name)
        }
    }

    /// Brings a decided drop into its folder. The ledger says all that the result needs, so this can be done again.
    private func file(_ result: DropResult, _ name: FiledName, in work: WorkFolder) async throws {
        var result = result
        result.isFull = settings.hasFullResults
        let drop = result.drop
        let folder = result.outcome.folder
        var name = name
        while true {
            let isFiled = try await parts.patience.persist("file a drop in \(settings.path(of: folder))") {
                let target = try settings.filing(folder)
                guard try target.place(sidecar: result.json, name, drop: drop.id) else { return false }
                let taken = try target.take(
                    drop.name, from: work.folder(of: drop.workName), as: name, drop: drop.id)
                if !taken { try target.withdraw(name) }
                return taken
            }
            let used = name
            try await parts.patience.persist("file a drop in \(settings.path(of: folder))") {
                try settings.filing(folder).release(used)
                try work.clear(drop.workName)
            }
            if isFiled { break }
            name = try await reserve(drop.name, folder)
            let other = name
            try await parts.patience.persist("write the ledger") {
                try await parts.ledger.rename(drop.id, filedName: other.drop)
            }
        }
        try await parts.patience.persist("write the ledger") { try await parts.ledger.close(drop.id) }
        let path = settings.path(of: folder).appending(name.drop.description)
        parts.report(.filed(result, at: path))
    }
}

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

    static func bytes(for drop: Drop, _ status: FileStatus, limit: Int) -> Int {
        let isDocument = drop.name.lowercaseExtension != "pdf"
        let wanted = isDocument ? Int(min(status.size, Int64(limit))) * document : attachment
        return min(limit, wanted)
    }
}
