import Foundation
import GRDB
import Model
import SystemPackage
import Testing
import TestSupport

@testable import Ledger

/// Batches that several drops share.
@Suite struct JointTests {
    private let fixture: LedgerFixture
    private var ledger: Ledger { fixture.ledger }

    init() throws {
        fixture = try LedgerFixture()
    }

    private static let hash = Array("joint".utf8)

    /// Drops with the contents `c1`, `c2`, … that are to leave together as `joint`.
    private func joined(_ count: Int) async throws -> [Drop] {
        var drops: [Drop] = []
        for number in 1...count {
            let drop = fixture.drop("\(number).json")
            _ = try await ledger.admit(fixture.admission(drop, content: "c\(number)"))
            drops.append(drop)
        }
        try await join(drops)
        return drops
    }

    private func join(_ drops: [Drop], as reference: String = "joint") async throws {
        try await ledger.join(
            JointBatch(
                reference: reference, bytes: 1000, bodyHash: Self.hash,
                members: drops.map { JointBatch.Member(drop: $0.id, records: 3) }))
    }

    @Test func whoIsInItIsOnDiskBeforeItLeaves() async throws {
        let drops = try await joined(3)
        let later = try fixture.reopened()
        for (index, drop) in drops.enumerated() {
            let batch = try #require(try await later.batches(of: drop.id).first)
            #expect(batch.reference == "joint" && batch.bodyHash == Self.hash && batch.state == .waiting)
            #expect(batch.records == 3 && batch.bytes == 40, "the drop's own")
            let joined = try #require(batch.joined)
            #expect(joined.place == index + 1 && joined.firstRecord == 3 * index)
            #expect(joined.drops == 3 && joined.records == 9 && joined.bytes == 1000)
            #expect(batch.alone.reference == "c\(index + 1)")
        }
    }

    @Test func oneAnswerIsForAllOfThem() async throws {
        let drops = try await joined(3)
        let (request, before) = try await ledger.begin(batch: "joint", of: drops[0].id, requestID: "r")
        #expect(before == .waiting)
        for drop in drops { #expect(try await ledger.batches(of: drop.id).map(\.state) == [.unresolved]) }
        try await ledger.end(
            RequestEnd(
                request: request, status: 503, duration: .zero, error: .submitServerError, batch: nil, statusURI: nil,
                response: nil))
        for drop in drops { #expect(try await ledger.attempts(ofBatch: "joint", drop: drop.id) == 1) }
        try await ledger.attempt("joint", of: drops[1], status: 202, becomes: .accepted)
        for drop in drops {
            let result = try await ledger.conclude(drop, Ending(outcome: .accepted), filedName: drop.name)
            #expect(result.batches.first?.batch.state == .accepted)
            #expect(result.batches.first?.attempts.map(\.status) == [503, 202])
            let again = fixture.admission(fixture.drop("again.json"), content: "c\(drop.name.description.prefix(1))")
            #expect(try await ledger.admit(again) == .duplicate(of: drop.name))
        }
    }

    @Test func oneThatDoesNotLeaveChangesNothing() async throws {
        let drops = try await joined(2)
        let (request, before) = try await ledger.begin(batch: "joint", of: drops[0].id, requestID: "r")
        try await ledger.withdraw(request: request, batch: before)
        #expect(try await ledger.batches(of: drops[1].id).map(\.state) == [.waiting])
    }

    @Test func aRefusedOneComesApartAndNobodyHasUsedUpAnAttempt() async throws {
        let drops = try await joined(4)
        try await ledger.attempt("joint", of: drops[0], status: 400, error: .submitBadRequest, becomes: .refused)
        for (index, drop) in drops.enumerated() {
            let batch = try #require(try await ledger.batches(of: drop.id).first)
            #expect(batch.reference == "c\(index + 1)" && batch.state == .waiting && batch.joined == nil)
            #expect(batch.attempts == 0)
        }
        // And then in halves.
        try await join(Array(drops[..<2]), as: "half")
        try await ledger.attempt("half", of: drops[1], status: 202, becomes: .accepted)
        #expect(try await ledger.batches(of: drops[0].id).map(\.state) == [.accepted])
        #expect(try await ledger.batches(of: drops[2].id).map(\.state) == [.waiting])
    }

    @Test func aDropThatComesBackRepeatsWhatItShared() async throws {
        let drops = try await joined(2)
        try await ledger.attempt("joint", of: drops[0], status: 503, error: .submitServerError)
        for drop in drops {
            _ = try await ledger.conclude(
                drop, .failed(Problem(.submitServerError, "down")), filedName: drop.name)
        }
        let later = try fixture.reopened()
        let back = fixture.drop("back.json", by: later)
        let batch = try #require(try await later.admit(fixture.admission(back, content: "c2")).batches?.first)
        #expect(batch.reference == "joint" && batch.bodyHash == Self.hash && batch.state == .unresolved)
        #expect(batch.joined?.place == 2 && batch.joined?.firstRecord == 3)

        // What it learns is true of the other, too.
        try await later.accept("joint", of: back)
        let other = fixture.drop("other.json", by: later)
        let rest = try #require(try await later.admit(fixture.admission(other, content: "c1")).batches?.first)
        #expect(rest.reference == "joint" && rest.state == .accepted)
    }

    @Test func afterARefusalAtLastNobodyRepeatsItAnyMore() async throws {
        let drops = try await joined(2)
        try await ledger.leaveUnresolved("joint", of: drops[0])
        _ = try await ledger.conclude(
            drops[1], .failed(Problem(.submitServerError, "down")), filedName: drops[1].name)
        for drop in drops { try await ledger.close(drop.id) }
        let back = fixture.drop("back.json")
        _ = try await ledger.admit(fixture.admission(back, content: "c1"))
        try await ledger.attempt("joint", of: back, status: 422, error: .submitBadRequest, becomes: .refused)
        for content in ["c1", "c2"] {
            let drop = content == "c1" ? back : fixture.drop("other.json")
            let batch = try #require(try await ledger.admit(fixture.admission(drop, content: content)).batches?.first)
            #expect(batch.reference == content && batch.state == .waiting && batch.joined == nil)
        }
    }

    /// Refused for something else than what is in it, it is over for all who shared it.
    @Test func whoComesBackAfterARefusalForOthersGoesByItself() async throws {
        let drops = try await joined(2)
        try await ledger.attempt("joint", of: drops[0], status: 403, error: .submitForbidden)
        try await ledger.attempt("joint", of: drops[0], status: 404, error: .submitNotFound, becomes: .refused)
        for drop in drops {
            _ = try await ledger.conclude(drop, .failed(Problem(.submitNotFound, "no")), filedName: drop.name)
        }
        let second = fixture.drop("second.json")
        let batch = try #require(try await ledger.admit(fixture.admission(second, content: "c2")).batches?.first)
        #expect(batch.reference == "c2" && batch.state == .waiting && batch.joined == nil && batch.attempts == 0)
    }

    /// The API may have taken the first request: under other references they would be taken twice.
    @Test(arguments: [nil, 408, 429, 500, 504], [401, 403, 404, 409])
    func whatMayHaveBeenTakenIsNotRefusedForOtherThings(first: Int?, then: Int) async throws {
        let drops = try await joined(2)
        try await ledger.attempt("joint", of: drops[0], status: first, error: first == nil ? nil : .submitServerError)
        // One failed when it was not known, the other with the refusal; and then it is refused once more.
        _ = try await ledger.conclude(
            drops[1], .failed(Problem(.submitServerError, "down")), filedName: drops[1].name)
        try await ledger.attempt("joint", of: drops[0], status: then, error: .submitNotFound, becomes: .refused)
        _ = try await ledger.conclude(drops[0], .failed(Problem(.submitNotFound, "no")), filedName: drops[0].name)
        for content in ["c1", "c2", "c1"] {
            let back = fixture.drop("back.json")
            let batch = try #require(try await ledger.admit(fixture.admission(back, content: content)).batches?.first)
            #expect(batch.reference == "joint" && batch.state == .unresolved && batch.joined != nil)
            try await ledger.attempt("joint", of: back, status: then, error: .submitNotFound, becomes: .refused)
            _ = try await ledger.conclude(back, .failed(Problem(.submitNotFound, "no")), filedName: back.name)
        }
    }

    @Test func aStopRightAfterARefusalForItsContentLeavesThemApart() async throws {
        let drops = try await joined(2)
        try await ledger.attempt("joint", of: drops[1], status: 422, error: .submitBadRequest, becomes: .refused)
        let later = try fixture.reopened()
        for (index, drop) in drops.enumerated() {
            let content = "c\(index + 1)"
            let batch = try #require(try await later.admit(fixture.admission(drop, content: content)).batches?.first)
            #expect(batch.reference == content && batch.state == .waiting && batch.attempts == 0)
        }
    }

    @Test func whoComesBackHasNewAttempts() async throws {
        let drops = try await joined(2)
        for _ in 1...2 { try await ledger.attempt("joint", of: drops[0], status: 503, error: .submitServerError) }
        try await ledger.leaveUnresolved("joint", of: drops[0])
        _ = try await ledger.conclude(
            drops[1], .failed(Problem(.submitServerError, "down")), filedName: drops[1].name)
        let back = fixture.drop("back.json")
        let batch = try #require(try await ledger.admit(fixture.admission(back, content: "c2")).batches?.first)
        #expect(batch.reference == "joint" && batch.state == .unresolved && batch.attempts == 0)
    }

    /// The others' repetition was its own, and the API had it before whatever came later.
    @Test func whatWasAcceptedWithOthersIsNotOutOfDate() async throws {
        let drops = try await joined(2)
        let identities = IdentityKeys([7])
        try await ledger.attempt("joint", of: drops[0], status: 503, error: .submitServerError)
        for drop in drops {
            _ = try await ledger.conclude(
                drop, .failed(Problem(.submitServerError, "down")), filedName: drop.name,
                spoken: Spoken(identities: identities))
        }
        let back = fixture.drop("back.json")
        _ = try await ledger.admit(fixture.admission(back, content: "c1"))
        try await ledger.accept("joint", of: back)
        let later = fixture.drop("later.json")
        _ = try await ledger.admit(fixture.admission(later, content: "later", identities: identities))
        try await ledger.accept("later", of: later, Spoken(identities: identities))
        let queue = try DatabaseQueue(path: fixture.folder.path.appending("ledger.sqlite").string)
        try await queue.write { database in
            try database.execute(
                sql: "UPDATE drops SET state = 'waiting', outcome = NULL, problem = NULL WHERE id = ?",
                arguments: [drops[1].id.text])
        }
        let turn = try await ledger.admit(fixture.admission(drops[1], content: "c2", identities: identities))
        #expect(turn.batches?.map(\.state) == [.accepted])
        var spoken = Spoken(identities: identities)
        spoken.isRepetition = true
        _ = try await ledger.conclude(
            drops[1], Ending(outcome: .accepted), filedName: drops[1].name, spoken: spoken)
        let again = fixture.admission(fixture.drop("again.json"), content: "c2", identities: identities)
        #expect(try await ledger.admit(again) == .remake(round: 2), "the later one's word is the API's last")
    }

    /// The whole of it is not repeated where any part of it is out of date.
    @Test func aLaterDocumentAboutARecordOfAnyOfThemIsKnown() async throws {
        let drops = try await joined(2)
        let joint = try #require(try await ledger.batches(of: drops[0].id).first?.joined?.joint)
        // Three records each, the second of the second drop being 5.
        let keys: [UInt64] = [1, 2, 3, 4, 5, 6]
        try await ledger.attempt("joint", of: drops[0], status: 503, error: .submitServerError)
        for drop in drops {
            _ = try await ledger.conclude(drop, .failed(Problem(.submitServerError, "down")), filedName: drop.name)
        }
        func isSuperseded(for drop: Drop, _ kind: Kind = .account) async throws -> Bool {
            try await ledger.isSuperseded(joint: joint, keys: keys, for: drop, kind)
        }
        func accept(_ content: String, _ drop: Drop, about identity: UInt64) async throws {
            _ = try await ledger.admit(fixture.admission(drop, content: content))
            try await ledger.accept(content, of: drop, Spoken(identities: IdentityKeys([identity])))
        }
        try await accept("other", fixture.drop("other.json"), about: 7)
        try await accept("partner", fixture.drop("partner.json", inbox: "partner"), about: 5)
        #expect(try await !isSuperseded(for: drops[0]))
        try await accept("later", fixture.drop("later.json"), about: 5)
        #expect(try await isSuperseded(for: drops[0]))
        #expect(try await isSuperseded(for: fixture.drop("1.json", inbox: "renamed")), "whoever repeats it")
        // Whoever takes the place of a drop is not later than it was; unless an admin says so.
        let back = fixture.drop("back.json")
        try await ledger.begin(
            retry: RetryOrder(
                drop: drops[1].id, inbox: "erp", name: back.name, inode: 7, sha256: Array("c2".utf8),
                terms: RetryTerms(stale: true)))
        var admission = fixture.admission(back, content: "c2")
        admission.inode = 7
        _ = try await ledger.admit(admission)
        #expect(try await isSuperseded(for: drops[0]))
        #expect(try await !isSuperseded(for: back))
        // That is for its own records alone. No payment alters what another says.
        try await accept("first", fixture.drop("first.json"), about: 1)
        for kind in [Kind.account, .claim] { #expect(try await isSuperseded(for: back, kind)) }
        #expect(try await !isSuperseded(for: back, .payment))
        #expect(try await isSuperseded(for: drops[0], .payment))
    }

    @Test func oneThatIsRefusedAsAWholeWhenItIsProcessedComesApart() async throws {
        let drops = try await joined(3)
        let joint = try #require(try await ledger.batches(of: drops[0].id).first?.joined?.joint)
        try await ledger.leaveUnresolved("joint", of: drops[0])
        try await ledger.attempt("joint", of: drops[1], status: 202, becomes: .accepted)
        try await ledger.dissolve(joint: joint)
        for (index, drop) in drops.enumerated() where index > 0 {
            let batch = try #require(try await ledger.batches(of: drop.id).first)
            #expect(batch.reference == "c\(index + 1)" && batch.state == .waiting && batch.joined == nil)
        }
        let back = fixture.admission(fixture.drop("back.json"), content: "c1")
        let batch = try #require(try await ledger.admit(back).batches?.first)
        #expect(batch.reference == "c1" && batch.state == .waiting && batch.joined == nil)
    }

    @Test func whoSharesARequestIsPutBackWithWhoSentIt() async throws {
        let drops = try await joined(3)
        let other = fixture.drop("other.json")
        _ = try await ledger.admit(fixture.admission(other, content: "other"))
        let all = try await ledger.withCompanions([drops[0].id, other.id])
        #expect(all == Set(drops.map(\.id) + [other.id]))
    }

    @Test func itIsSettledWhenNobodyCanComeBackToIt() async throws {
        let drops = try await joined(2)
        let joint = try #require(try await ledger.batches(of: drops[0].id).first?.joined?.joint)
        #expect(try await !ledger.isSettled(joint: joint))
        try await ledger.leaveUnresolved("joint", of: drops[0])
        try await ledger.accept("joint", of: drops[1])
        #expect(try await !ledger.isSettled(joint: joint))
        let back = fixture.drop("back.json")
        _ = try await ledger.admit(fixture.admission(back, content: "c1"))
        _ = try await ledger.conclude(back, Ending(outcome: .accepted), filedName: back.name)
        #expect(try await ledger.isSettled(joint: joint))
    }

    /// Who was refused a record in it, and comes back in other bytes, looks it up there.
    @Test func itsBodyIsKeptUntilItIsSettled() async throws {
        let drops = try await joined(2)
        let body = Array("{}".utf8)
        try ledger.keep(body: body, hash: Self.hash)
        try await ledger.leaveUnresolved("joint", of: drops[0])
        try await ledger.accept("joint", of: drops[1])
        let later = try fixture.reopened()
        try later.sweepBodies()
        #expect(later.isKept(Self.hash))
        let back = fixture.drop("back.json", by: later)
        _ = try await later.admit(fixture.admission(back, content: "c1"))
        _ = try await later.conclude(back, Ending(outcome: .accepted), filedName: back.name)
        try later.sweepBodies()
        #expect(!later.isKept(Self.hash))
    }

    @Test func whatBecomesOfItLaterAltersNoClosedDrop() async throws {
        let drops = try await joined(2)
        try await ledger.leaveUnresolved("joint", of: drops[0])
        try await ledger.close(drops[0].id)
        try await ledger.attempt("joint", of: drops[1], status: 202, becomes: .accepted)
        _ = try await ledger.conclude(drops[1], Ending(outcome: .accepted), filedName: drops[1].name)
        try await ledger.close(drops[1].id)
        let report = try LedgerReader(state: fixture.folder.path).verifyChain()
        #expect(report.count == 2 && report.findings == [])

        // Who was in it is part of what is verified.
        try await ledger.commit { try $0.execute(sql: "UPDATE batches SET place = 7 WHERE place = 2") }
        let altered = try LedgerReader(state: fixture.folder.path).verifyChain()
        #expect(altered.findings.map(\.drop) == [drops[1].id])
    }

    @Test func aDropThatHasNoBatchOfItsOwnIsNoMember() async throws {
        let drops = try await joined(2)
        await #expect(throws: LedgerCorruption.self) { try await join(drops, as: "other") }
        #expect(try await ledger.batches(of: drops[0].id).map(\.reference) == ["joint"])
    }

    @Test func aLedgerFromBeforeThereWereAnyIsRead() throws {
        let folder = try TemporaryFolder()
        let pool = try DatabasePool(path: folder.path.appending(LedgerFile.name).string)
        try Migrations.all.migrate(pool, upTo: "6 reasons of pauses")
        try pool.write { database in
            try database.execute(
                sql: """
                    INSERT INTO drops (id, arrival, inbox, name, shelf, bytes, receivedAt, state)
                        VALUES ('d', 1, 'erp', x'61', 0, 1, 1, 'waiting');
                    INSERT INTO batches (dropID, part, parts, reference, records, bytes, bodyHash, state)
                        VALUES ('d', 1, 1, 'c', 1, 1, x'00', 'unresolved')
                    """)
        }
        let batches = try LedgerReader(state: folder.path).batches(of: DropID(text: "d"))
        #expect(batches.map(\.batch.reference) == ["c"] && batches.first?.batch.joined == nil)
    }
}

extension Ledger {
    /// Whether there is a file for a body.
    fileprivate func isKept(_ hash: [UInt8]) -> Bool {
        bodies.hashes.contains(hash.map { String(format: "%02x", $0) }.joined())
    }
}
