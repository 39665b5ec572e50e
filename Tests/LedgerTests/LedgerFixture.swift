import FileSystem
import Foundation
import Ledger
import Model
import TestSupport

/// A ledger in a folder of its own, and drops for it.
final class LedgerFixture: Sendable {
    let folder: TemporaryFolder
    let time: ManualTime
    let ledger: Ledger

    init(time: ManualTime = ManualTime(), boot: String = "boot-1") throws {
        folder = try TemporaryFolder()
        self.time = time
        ledger = try Ledger(state: folder.path, boot: boot, time: time)
    }

    /// The ledger as the next run of the service finds it.
    func reopened(boot: String = "boot-1") throws -> Ledger {
        try Ledger(state: folder.path, boot: boot, time: time)
    }

    func drop(_ name: String, inbox: String = "erp", by ledger: Ledger? = nil) -> Drop {
        var generator = SystemRandomNumberGenerator()
        let name = FileName(name)
        return Drop(
            id: DropID(at: time.timestamp, using: &generator), arrival: (ledger ?? self.ledger).nextArrival(),
            inbox: inbox, name: name, workName: WorkName(name: name), bytes: 5, receivedAt: time.timestamp)
    }

    func admission(
        _ drop: Drop, content: String, kind: Kind = .account, own: String? = nil, scope: String? = nil,
        parts: Int = 1, identities: IdentityKeys = .none, round: Int = 1, bytes: UInt8? = nil
    ) -> Admission {
        let stem = own ?? (round == 1 ? content : "\(content)-r\(round)")
        return Admission(
            drop: drop, kind: kind, sha256: bytes.map(LedgerFixture.sha256) ?? Array("\(content)".utf8),
            content: content, ownReference: own, scope: scope ?? drop.inbox, identities: identities, round: round,
            batches: (1...parts).map { part in
                Batch(
                    reference: parts == 1 ? stem : "\(stem)-\(part)of\(parts)", part: part, parts: parts, records: 3,
                    bytes: 40, bodyHash: Array("\(stem) \(part) \(drop.id)".utf8))
            })
    }
}

extension LedgerFixture {
    /// The hash of a file that is told by a number.
    static func sha256(_ file: UInt8) -> [UInt8] { Array(repeating: file, count: 32) }
}

extension Ledger {
    /// One request for a batch, from its beginning to an answer.
    func attempt(
        _ reference: String, of drop: Drop, status: Int?, error: Code? = nil, becomes state: BatchState? = nil
    ) async throws {
        let (request, _) = try await begin(batch: reference, of: drop.id, requestID: UUID().uuidString)
        try await end(
            RequestEnd(
                request: request, status: status, duration: .milliseconds(12), error: error, batch: state,
                statusURI: nil, response: nil))
    }

    /// How many attempts of a batch count.
    func attempts(ofBatch reference: String, drop: DropID) async throws -> Int? {
        try await batches(of: drop).first { $0.reference == reference }?.attempts
    }

    func accept(_ reference: String, of drop: Drop, _ spoken: Spoken? = nil) async throws {
        try await attempt(reference, of: drop, status: 202, becomes: .accepted)
        _ = try await conclude(drop, Ending(outcome: .accepted), filedName: drop.name, spoken: spoken)
    }

    func refuse(_ reference: String, of drop: Drop) async throws {
        try await attempt(reference, of: drop, status: 400, error: .submitBadRequest, becomes: .refused)
        _ = try await conclude(drop, .failed(Problem(.submitBadRequest, "no")), filedName: drop.name)
    }

    func leaveUnresolved(_ reference: String, of drop: Drop, _ spoken: Spoken? = nil) async throws {
        try await attempt(reference, of: drop, status: 503, error: .submitServerError)
        _ = try await conclude(
            drop, .failed(Problem(.submitServerError, "down")), filedName: drop.name, spoken: spoken)
    }
}

extension Turn {
    var batches: [Batch]? {
        if case .submit(let batches) = self { batches } else { nil }
    }

    var code: Code? {
        if case .refused(let problem) = self { problem.code } else { nil }
    }
}
