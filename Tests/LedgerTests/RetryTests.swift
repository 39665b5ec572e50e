import Ledger
import Model
import Testing
import TestSupport

/// Files that an admin put back on terms of their own (contract, sections 5 and 9).
@Suite struct RetryTests {
    /// What became of a content before its file is put back.
    enum Past: CaseIterable {
        case nothing, refused, accepted, acceptedTwice, unresolved, inPart
    }

    private let fixture: LedgerFixture
    private var ledger: Ledger { fixture.ledger }

    init() throws {
        fixture = try LedgerFixture()
    }

    // MARK: Steps

    /// Brings a drop to the end that `past` says, and answers with it.
    private func live(_ past: Past, kind: Kind, content: String = "c") async throws -> Drop {
        let drop = fixture.drop("old.json")
        let parts = past == .inPart ? 2 : 1
        let admission = fixture.admission(drop, content: content, kind: kind, parts: parts)
        if past == .nothing {
            _ = try await ledger.conclude(
                drop, kind: kind, sha256: admission.sha256, .failed(Problem(.schemaJSON, "no")), filedName: drop.name)
            return drop
        }
        _ = try await ledger.admit(admission)
        switch past {
        case .nothing: break
        case .refused: try await ledger.refuse(content, of: drop)
        case .accepted: try await ledger.accept(content, of: drop)
        case .acceptedTwice:
            try await ledger.accept(content, of: drop)
            let again = try await back(drop, kind: kind, RetryTerms(asNew: true, sendTwice: true), inode: 1)
            let (turn, _) = try await admit(again)
            try await ledger.accept(try #require(turn.batches?.first).reference, of: again.drop)
        case .unresolved: try await ledger.leaveUnresolved(content, of: drop)
        case .inPart:
            try await ledger.attempt("\(content)-1of2", of: drop, status: 202, becomes: .accepted)
            try await ledger.refuse("\(content)-2of2", of: drop)
        }
        return drop
    }

    /// Puts a drop's file back, and has it come as the drop that it is then.
    private func back(
        _ old: Drop, kind: Kind, content: String = "c", _ terms: RetryTerms, inode: UInt64 = 7
    ) async throws -> Admission {
        try await ledger.begin(
            retry: RetryOrder(
                drop: old.id, inbox: "erp", name: FileName("back.json"), inode: inode, sha256: Array(content.utf8),
                terms: terms))
        return coming("back.json", kind: kind, content: content, inode: inode)
    }

    private func coming(
        _ name: String, kind: Kind, content: String = "c", inode: UInt64?, inbox: String = "erp",
        by ledger: Ledger? = nil
    ) -> Admission {
        var admission = fixture.admission(
            fixture.drop(name, inbox: inbox, by: ledger), content: content, kind: kind)
        admission.inode = inode
        return admission
    }

    /// Asks as the pipeline does, with other bodies where the ledger wants them.
    private func admit(_ admission: Admission, to ledger: Ledger? = nil) async throws -> (Turn, leftOut: Bool) {
        var admission = admission
        var isLeftOut = false
        while true {
            let turn = try await (ledger ?? self.ledger).admit(admission)
            let round: Int
            switch turn {
            case .anew(let wanted): round = wanted
            case .remake(let wanted):
                round = wanted
                isLeftOut = true
            default: return (turn, isLeftOut)
            }
            let inode = admission.inode
            admission = fixture.admission(
                admission.drop, content: admission.content, kind: admission.kind, round: round)
            admission.inode = inode
            if admission.kind == .payment { admission.leftOut = [] }
        }
    }

    // MARK: Which reference

    private static let asNew = RetryTerms(asNew: true)
    private static let twice = RetryTerms(asNew: true, sendTwice: true)

    @Test(arguments: [Kind.account, .claim, .attachment], Past.allCases)
    func asNewIsTheNextReferenceThatWasNeverUsed(kind: Kind, past: Past) async throws {
        if kind == .attachment && past == .inPart { return }
        let old = try await live(past, kind: kind)
        let (turn, _) = try await admit(back(old, kind: kind, Self.asNew))
        let expected = past == .nothing ? "c" : past == .acceptedTwice ? "c-r3" : "c-r2"
        #expect(turn.batches?.map(\.reference) == [expected])
        #expect(turn.batches?.map(\.state) == [.waiting])
    }

    /// A refusal frees the reference for whoever comes; "as new" is one that the API has not seen all the same.
    @Test func whatAnotherDropWasRefusedUnderIsUsed() async throws {
        _ = try await live(.refused, kind: .account)
        let old = try await live(.nothing, kind: .account)
        let again = try await back(old, kind: .account, Self.asNew)
        #expect(try await admit(again).0.batches?.map(\.reference) == ["c-r2"])
        // Written down for the next time, though nothing left under it.
        _ = try await ledger.conclude(
            again.drop, .failed(Problem(.readChanged, "no")), filedName: again.drop.name)
        #expect(
            try await admit(back(again.drop, kind: .account, Self.asNew, inode: 8)).0.batches?.map(\.reference)
                == ["c-r3"])
        // A content of which this one's reference is the beginning is another.
        let other = try await back(old, kind: .account, content: "c-r", Self.asNew, inode: 9)
        #expect(try await admit(other).0.batches?.map(\.reference) == ["c-r"])
    }

    @Test(arguments: Past.allCases) func paymentsAreSentTwiceOnlyWithLeave(past: Past) async throws {
        let old = try await live(past, kind: .payment)
        let admission = try await back(old, kind: .payment, Self.asNew)
        let (turn, _) = try await admit(admission)
        switch past {
        case .nothing: #expect(turn.batches?.map(\.reference) == ["c"])
        case .refused: #expect(turn.batches?.map(\.reference) == ["c-r2"])
        case .accepted: #expect(turn == .duplicate(of: FileName("old.json")))
        case .acceptedTwice: #expect(turn == .duplicate(of: FileName("back.json")))
        case .unresolved: #expect(turn.batches?.map(\.reference) == ["c"], "what has left goes on")
        case .inPart: #expect(turn.batches?.map(\.state) == [.accepted, .waiting])
        }
    }

    @Test(arguments: Past.allCases) func withLeaveTheWholeOfThemIsSentAsNew(past: Past) async throws {
        let old = try await live(past, kind: .payment)
        let (turn, isLeftOut) = try await admit(back(old, kind: .payment, Self.twice))
        let expected = past == .nothing ? "c" : past == .acceptedTwice ? "c-r3" : "c-r2"
        #expect(turn.batches?.map(\.reference) == [expected])
        #expect(!isLeftOut)
    }

    @Test func whatIsKnownOfPaymentsIsToldBeforeTheyAreSentAsNew() async throws {
        let expected: [Past: DoubleRisk] = [
            .accepted: .accepted, .acceptedTwice: .accepted, .unresolved: .unresolved, .inPart: .acceptedInPart,
        ]
        for past in Past.allCases {
            let old = try await live(past, kind: .payment, content: "\(past)")
            #expect(try LedgerReader(state: fixture.folder.path).doubleRisk(of: old.id) == expected[past], "\(past)")
        }
    }

    @Test func aReferenceOfTheSendersOwnGetsNoRound() async throws {
        let old = fixture.drop("old.json")
        _ = try await ledger.admit(fixture.admission(old, content: "c", own: "RUN-1"))
        try await ledger.accept("RUN-1", of: old)
        try await ledger.begin(
            retry: RetryOrder(
                drop: old.id, inbox: "erp", name: FileName("back.json"), inode: 7, sha256: Array("c".utf8),
                terms: Self.asNew))
        var again = fixture.admission(fixture.drop("back.json"), content: "c", own: "RUN-1")
        again.inode = 7
        #expect(try await ledger.admit(again) == .duplicate(of: old.name))
    }

    @Test func paymentsOfAnotherInboxAreNotSentAsNewFromThisOne() async throws {
        let theirs = coming("theirs.json", kind: .payment, inode: nil, inbox: "partner")
        _ = try await ledger.admit(theirs)
        try await ledger.accept("c", of: theirs.drop)
        let old = fixture.drop("old.json")
        #expect(
            try await admit(back(old, kind: .payment, Self.twice)).0.code == .referenceOtherInbox)
    }

    // MARK: Whose the terms are

    @Test func anotherFileWithTheSameContentDoesNotHaveThem() async throws {
        let old = try await live(.accepted, kind: .payment)
        let ours = try await back(old, kind: .payment, Self.twice)
        let strangers = [
            coming("other.json", kind: .payment, inode: 7), coming("back.json", kind: .payment, inode: 8),
            coming("back.json", kind: .payment, inode: 7, inbox: "partner"),
        ]
        for stranger in strangers {
            #expect(try await admit(stranger).0.batches == nil)
        }
        let (turn, _) = try await admit(ours)
        #expect(turn.batches?.map(\.reference) == ["c-r2"])
        try await ledger.accept("c-r2", of: ours.drop)
        // Used once.
        #expect(
            try await admit(coming("back.json", kind: .payment, inode: 7)).0 == .duplicate(of: FileName("back.json")))
    }

    @Test func theyAreForTheseBytesAlone() async throws {
        let old = try await live(.accepted, kind: .payment)
        _ = try await back(old, kind: .payment, Self.twice)
        var changed = coming("back.json", kind: .payment, inode: 7)
        changed.sha256 = [1, 2, 3]
        #expect(try await ledger.admit(changed) == .duplicate(of: old.name))
    }

    @Test func whatWasNotedForAFileThatDidNotGoBackHoldsNoMore() async throws {
        let old = try await live(.accepted, kind: .payment)
        _ = try await back(old, kind: .payment, Self.twice)
        try await ledger.withdrawRetry(of: old.id)
        #expect(try await admit(coming("back.json", kind: .payment, inode: 7)).0 == .duplicate(of: old.name))
        // A second retry takes the place of the first.
        _ = try await back(old, kind: .payment, Self.twice, inode: 8)
        let ours = try await back(old, kind: .payment, Self.twice, inode: 9)
        #expect(try await admit(coming("back.json", kind: .payment, inode: 8)).0 == .duplicate(of: old.name))
        #expect(try await admit(ours).0.batches?.map(\.reference) == ["c-r2"])
    }

    // MARK: Stops in between

    @Test func aStopBetweenTheFilesWayBackAndItsTurnForgetsNothing() async throws {
        let old = try await live(.accepted, kind: .payment)
        _ = try await back(old, kind: .payment, Self.twice)
        let later = try fixture.reopened()
        // Claimed by the run before: nobody knows its number in the inbox any more.
        let ours = coming("back.json", kind: .payment, inode: nil, by: later)
        #expect(try await admit(ours, to: later).0.batches?.map(\.reference) == ["c-r2"])
        // Stopped before anything left: it is decided anew, and the same.
        let last = try fixture.reopened()
        #expect(try await admit(ours, to: last).0.batches?.map(\.reference) == ["c-r2"])
        try await last.attempt("c-r2", of: ours.drop, status: nil, error: .submitNetwork)
        #expect(try await admit(ours, to: last).0.batches?.map(\.state) == [.unresolved])
    }

    /// It took the place of what was left open, which nobody holds from then on.
    @Test(arguments: [Kind.account, .payment]) func aStopBeforeItLeftForgetsNothingOfWhatWasLeftOpen(
        kind: Kind
    ) async throws {
        let old = try await live(.unresolved, kind: kind)
        let stranger = try await live(.nothing, kind: kind)
        for (file, inode) in [(old, UInt64(7)), (stranger, 8)] {
            let ours = try await back(file, kind: kind, Self.twice, inode: inode)
            let expected = file.id == old.id ? "c-r2" : "c-r3"
            #expect(try await admit(ours).0.batches?.map(\.reference) == [expected])
            // While all submission pauses, for one.
            let later = try fixture.reopened()
            #expect(try await admit(ours, to: later).0.batches?.map(\.reference) == [expected])
            _ = try await later.conclude(
                ours.drop, .failed(Problem(.readChanged, "no")), filedName: ours.drop.name)
        }
    }

    /// The same where it is another file with the content of what was left open.
    @Test func anotherFilesStopBeforeItLeftForgetsNothingOfWhatWasLeftOpen() async throws {
        _ = try await live(.unresolved, kind: .account)
        let ours = try await back(live(.nothing, kind: .account), kind: .account, Self.asNew)
        #expect(try await admit(ours).0.batches?.map(\.reference) == ["c-r2"])
        #expect(try await admit(ours, to: fixture.reopened()).0.batches?.map(\.reference) == ["c-r2"])
    }

    @Test func aDropThatWaitsForItsTurnHasThemFromTheBeginning() async throws {
        let old = try await live(.accepted, kind: .payment)
        let ours = try await back(old, kind: .payment, Self.twice)
        try await ledger.enlist(
            ours.drop, kind: .payment, sha256: ours.sha256, content: ours.content, inode: ours.inode)
        #expect(try await admit(ours).0.batches?.map(\.reference) == ["c-r2"])
    }

    @Test func whatItLeftOpenIsGoneOnWithLikeAnything() async throws {
        let old = try await live(.accepted, kind: .payment)
        let ours = try await back(old, kind: .payment, Self.twice)
        _ = try await admit(ours)
        try await ledger.leaveUnresolved("c-r2", of: ours.drop)
        // Put back by itself: the content that was accepted is not this one.
        try await ledger.endReturn(of: ours.drop.id, at: WorkName(name: ours.drop.name))
        #expect(try await admit(ours).0.batches?.map(\.reference) == ["c-r2"])
        try await ledger.leaveUnresolved("c-r2", of: ours.drop)
        // Taken over and accepted by another, it is a duplicate when it comes back once more.
        let other = coming("other.json", kind: .payment, inode: 99)
        #expect(try await admit(other).0.batches?.map(\.reference) == ["c-r2"])
        try await ledger.accept("c-r2", of: other.drop)
        try await ledger.endReturn(of: ours.drop.id, at: WorkName(name: ours.drop.name))
        #expect(try await admit(ours).0 == .duplicate(of: other.drop.name))
    }

    /// The credentials were wrong, for one: all that failed for that comes back.
    @Test(arguments: [Kind.account, .payment, .attachment]) func whatWasRefusedAndIsPutBackIsStillToBeSentAsNew(
        kind: Kind
    ) async throws {
        let old = try await live(.accepted, kind: kind)
        let ours = try await back(old, kind: kind, Self.twice)
        #expect(try await admit(ours).0.batches?.map(\.reference) == ["c-r2"])
        try await ledger.attempt("c-r2", of: ours.drop, status: 403, error: .submitForbidden, becomes: .refused)
        _ = try await ledger.conclude(
            ours.drop, .failed(Problem(.submitForbidden, "no")), filedName: ours.drop.name)
        try await ledger.endReturn(of: ours.drop.id, at: WorkName(name: ours.drop.name))
        let (turn, _) = try await admit(ours)
        #expect(turn.batches?.map(\.reference) == ["c-r2"] && turn.batches?.map(\.state) == [.waiting])
    }

    /// It waits for a slot with others, for one, when the service is stopped.
    @Test func aStopBeforeWhatItSharesLeftForgetsNothing() async throws {
        _ = try await live(.unresolved, kind: .account)
        let ours = try await back(live(.nothing, kind: .account), kind: .account, Self.asNew)
        #expect(try await admit(ours).0.batches?.map(\.reference) == ["c-r2"])
        let other = coming("other.json", kind: .account, content: "d", inode: nil)
        _ = try await admit(other)
        try await ledger.join(
            JointBatch(
                reference: "joint", bytes: 100, bodyHash: [1],
                members: [ours.drop, other.drop].map { JointBatch.Member(drop: $0.id, records: 3) }))
        #expect(try await admit(ours, to: fixture.reopened()).0.batches?.map(\.reference) == ["c-r2"])
    }

    @Test func theStoryOfADropSaysWhereItCameFrom() async throws {
        let old = try await live(.accepted, kind: .payment)
        let reader = try LedgerReader(state: fixture.folder.path)
        let ours = try await back(old, kind: .payment, Self.twice)
        #expect(try reader.openRetry(of: old.id)?.inode == 7)
        #expect(try reader.successor(of: old.id) == nil)
        _ = try await admit(ours)
        #expect(try reader.openRetry(of: old.id) == nil)
        #expect(try reader.successor(of: old.id)?.drop == ours.drop.id)
        #expect(try reader.origin(of: ours.drop.id)?.drop == old.id)
        #expect(try reader.origin(of: ours.drop.id)?.terms == Self.twice)
        #expect(try reader.origin(of: old.id) == nil)
    }
}
