import Foundation
import GRDB
import Model
import Testing
import TestSupport

@testable import Ledger

/// Payment documents that went through in part (contract, section 5, *Failed in part*).
@Suite struct PartialTests {
    private let fixture: LedgerFixture
    private var ledger: Ledger { fixture.ledger }

    init() throws {
        fixture = try LedgerFixture()
    }

    private func hash(_ record: String) -> RecordHash { RecordHash(bytes: Array(record.utf8)) }
    private func key(_ record: String) -> UInt64 { IdentityKeys.key(clientReferenceId: String(record.prefix(2))) }

    private func payment(_ record: String) -> PaymentRecord { PaymentRecord(hash: hash(record), key: key(record)) }

    private func admission(
        _ name: String, _ content: String, bytes: UInt8, inbox: String = "erp", scope: String? = nil
    ) -> Admission {
        fixture.admission(
            fixture.drop(name, inbox: inbox), content: content, kind: .payment, scope: scope, bytes: bytes)
    }

    /// A document of which the API took `accepted` and not `rest`; records are texts, their identity the first two
    /// letters.
    private func failInPart(
        _ admission: Admission, accepted: [String], rest: [String], code: Code = .submitRejected,
        hasPlaces: Bool = true
    ) async throws {
        var admission = admission
        if case .remake(let round) = try await ledger.admit(admission) {
            admission.round = round
            admission.leftOut = []
            _ = try await ledger.admit(admission)
        }
        let reference = try #require(try await ledger.batches(of: admission.drop.id).first).reference
        try await ledger.attempt(reference, of: admission.drop, status: 202, becomes: .accepted)
        _ = try await ledger.conclude(
            admission.drop, .failed(Problem(code, "no")), filedName: admission.drop.name,
            spoken: Spoken(
                identities: IdentityKeys((accepted + rest).map(key)),
                accepted: taken(accepted, under: reference, hasPlaces: hasPlaces), rest: rest.map(payment)))
    }

    private func taken(_ records: [String], under reference: String, hasPlaces: Bool = true) -> [TakenRecord] {
        records.enumerated().map { index, record in
            TakenRecord(
                hash: hash(record), position: hasPlaces ? index : -1 - index,
                record: AcceptedRecord(record: String(record.prefix(2)), reference: reference))
        }
    }

    /// Has a document decided that is asked for what was accepted, and leaves that out.
    private func admit(_ admission: inout Admission, leavingOut: [AcceptedRecord]) async throws -> [Batch]? {
        #expect(try await ledger.admit(admission) == .remake(round: 1))
        admission.leftOut = leavingOut
        return try await ledger.admit(admission).batches
    }

    private func leftOut(
        _ records: [String], of content: String = "other", bytes: UInt8 = 99, inbox: String = "erp",
        scope: String? = nil, by ledger: Ledger? = nil
    ) async throws -> [String] {
        let found = try await (ledger ?? self.ledger).recordsToLeaveOut(
            of: Set(records.map(hash)),
            PaymentFile(
                inbox: inbox, scope: scope ?? inbox, content: content, sha256: LedgerFixture.sha256(bytes)))
        return found.byHash.values.flatMap { $0.map(\.record) }.sorted()
            + found.byPosition.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value.record)" }
    }

    /// Brings a corrected document to its acceptance.
    private func accept(_ admission: Admission, leavingOut: [AcceptedRecord], sending: [String]) async throws {
        var admission = admission
        guard case .remake(let round) = try await ledger.admit(admission) else {
            Issue.record("it is not asked for what was accepted")
            return
        }
        admission.round = round
        admission.leftOut = leavingOut
        let reference = try #require(try await ledger.admit(admission).batches?.first).reference
        try await ledger.accept(
            reference, of: admission.drop,
            Spoken(identities: IdentityKeys(sending.map(key)), sent: sending.map(payment)))
    }

    @Test func equalRecordsAreLeftOutOfLaterDocumentsOfTheInbox() async throws {
        try await failInPart(admission("f.json", "F", bytes: 1), accepted: ["a1", "b1", "b1"], rest: ["c1"])
        #expect(try await leftOut(["a1", "b1", "c1", "c2"]) == ["a1", "b1", "b1"])
        #expect(try await leftOut(["a1"], inbox: "partner").isEmpty)
        #expect(try await leftOut(["a1"], by: fixture.reopened()) == ["a1"])
        #expect(try await ledger.admit(admission("d.json", "D", bytes: 2)) == .remake(round: 1))
        #expect(try await ledger.admit(admission("p.json", "P", bytes: 3, inbox: "partner")).batches?.count == 1)
    }

    // MARK: The same payments from another inbox

    @Test(arguments: [Code.submitRejected, .submitBadRequest])
    func whatWasTakenInPartIsRefusedToAnInboxOfAnotherScope(code: Code) async throws {
        try await failInPart(admission("f.json", "F", bytes: 1), accepted: ["a1"], rest: ["c1"], code: code)
        let other = admission("f.json", "F", bytes: 1, inbox: "partner")
        #expect(try await ledger.admit(other).code == .referenceOtherInbox)
    }

    /// Nothing of it was taken.
    @Test func whatWasRefusedAsAWholeIsSentFromAnotherInbox() async throws {
        try await failInPart(admission("f.json", "F", bytes: 1), accepted: [], rest: ["a1", "c1"])
        let other = admission("f.json", "F", bytes: 1, inbox: "partner")
        #expect(try await ledger.admit(other) == .remake(round: 2))
    }

    @Test func anInboxOfTheSameScopeLeavesOutWhatWasTakenOfTheSamePayments() async throws {
        func file(_ content: String, bytes: UInt8, inbox: String = "two") -> Admission {
            admission("f.json", content, bytes: bytes, inbox: inbox, scope: "both")
        }
        func left(_ content: String, bytes: UInt8) async throws -> [String] {
            try await leftOut(["a1", "c1"], of: content, bytes: bytes, inbox: "two", scope: "both")
        }
        try await failInPart(file("F", bytes: 1, inbox: "one"), accepted: ["a1"], rest: ["c1"])
        #expect(try await ledger.admit(file("F", bytes: 2)) == .remake(round: 2), "the same content")
        #expect(try await left("F", bytes: 2) == ["a1"])
        #expect(try await ledger.admit(file("G", bytes: 1)) == .remake(round: 1), "the same bytes")
        #expect(try await left("G", bytes: 1) == ["0:a1"])
        #expect(try await ledger.admit(file("H", bytes: 3)).batches?.count == 1, "other payments")
        #expect(try await left("H", bytes: 3).isEmpty)

        // The rest fails there, too: what was taken is still what it was.
        try await failInPart(file("F", bytes: 4), accepted: [], rest: ["c1"])
        #expect(try await left("F", bytes: 2) == ["a1"])
        // With the rest it is over.
        let a1 = AcceptedRecord(record: "a1", reference: "F")
        try await accept(file("F", bytes: 5), leavingOut: [a1], sending: ["c1"])
        #expect(try await leftOut(["a1"], inbox: "one").isEmpty)
    }

    @Test func theSameBytesThatBroughtTheRestFromAnotherInboxCompleteIt() async throws {
        try await failInPart(
            admission("f.json", "F", bytes: 1, inbox: "one", scope: "both"), accepted: ["a1"], rest: ["c1"])
        let a1 = AcceptedRecord(record: "a1", reference: "F")
        let other = admission("f.json", "G", bytes: 1, inbox: "two", scope: "both")
        try await accept(other, leavingOut: [a1], sending: ["c1"])
        #expect(try await leftOut(["a1"], inbox: "one").isEmpty)
    }

    @Test func whatWasTakenInPartBeforeThereWereScopesHasTheScopeOfItsDrop() async throws {
        try await failInPart(
            admission("f.json", "F", bytes: 1, inbox: "one", scope: "both"), accepted: ["a1"], rest: ["c1"])
        try await ledger.commit { database in
            try database.execute(
                sql: """
                    DROP INDEX partialsByScope;
                    ALTER TABLE partials DROP COLUMN scope;
                    DELETE FROM grdb_migrations WHERE identifier LIKE '15 %'
                    """)
        }
        let later = try fixture.reopened()
        #expect(try await leftOut(["a1"], of: "F", inbox: "two", scope: "both", by: later) == ["a1"])
    }

    /// Documents that share a request share its reference (`batching`).
    @Test func whatWasAcceptedOfEachThatSharedARequestIsLeftOut() async throws {
        let drops = [admission("f.json", "F", bytes: 1), admission("g.json", "G", bytes: 2)]
        for drop in drops { _ = try await ledger.admit(drop) }
        try await ledger.join(
            JointBatch(
                reference: "joint", bytes: 100, bodyHash: [1],
                members: drops.map { JointBatch.Member(drop: $0.drop.id, records: 3) }))
        try await ledger.attempt("joint", of: drops[0].drop, status: 202, becomes: .accepted)
        for (drop, accepted, rest) in [(drops[0], ["a1", "b1"], "c1"), (drops[1], ["d1", "d1"], "e1")] {
            _ = try await ledger.conclude(
                drop.drop, .failed(Problem(.submitRejected, "no")), filedName: drop.drop.name,
                spoken: Spoken(
                    identities: IdentityKeys((accepted + [rest]).map(key)),
                    accepted: taken(accepted, under: "joint"), rest: [payment(rest)]))
        }
        #expect(try await leftOut(["a1", "b1", "c1", "d1", "e1"]) == ["a1", "b1", "d1", "d1"])
        // As many records as the other has are not the other's.
        let second = [
            AcceptedRecord(record: "d1", reference: "joint"), AcceptedRecord(record: "d1", reference: "joint"),
        ]
        try await accept(admission("h.json", "H", bytes: 3), leavingOut: second, sending: ["x1"])
        #expect(try await leftOut(["a1", "b1", "d1"]) == ["a1", "b1"])
    }

    @Test func theSameBytesAreLeftOutByTheirPlaceWhateverTheyAreConvertedToNow() async throws {
        try await failInPart(admission("f.json", "F", bytes: 1), accepted: ["a1", "b1"], rest: ["c1"])
        #expect(try await leftOut(["a1+brand", "b1+brand", "c1+brand"], bytes: 1) == ["0:a1", "1:b1"])
    }

    /// They went in a body that the file does not make.
    @Test func ofTheSameBytesWhatHasNoPlaceInThemIsLeftOutByItsHash() async throws {
        try await failInPart(
            admission("f.json", "F", bytes: 1), accepted: ["a1", "a1", "b1"], rest: ["c1"], hasPlaces: false)
        #expect(try await leftOut(["a1", "b1", "c1"], bytes: 1) == ["a1", "a1", "b1"])
        #expect(try await leftOut(["a1", "b1", "c1"], bytes: 2) == ["a1", "a1", "b1"])
    }

    @Test func whatWasLeftOutIsTakenOverWithWhatIsUnresolved() async throws {
        try await failInPart(admission("f.json", "F", bytes: 1), accepted: ["a1"], rest: ["c1"])
        let taken = [AcceptedRecord(record: "a1", reference: "F")]
        var corrected = admission("d.json", "D", bytes: 2)
        let reference = try #require(try await admit(&corrected, leavingOut: taken)?.first).reference
        try await ledger.leaveUnresolved(
            reference, of: corrected.drop, Spoken(identities: IdentityKeys([key("c1-corrected")])))
        let again = admission("again.json", "D", bytes: 2)
        #expect(try await ledger.admit(again).batches?.map(\.state) == [.unresolved])
        try await ledger.accept(
            reference, of: again.drop,
            Spoken(identities: IdentityKeys([key("c1-corrected")]), sent: [payment("c1-corrected")]))
        #expect(try await ledger.result(of: again.drop.id)?.alreadyAccepted == taken)
        #expect(try await leftOut(["a1"]).isEmpty)
    }

    /// It was decided, nothing left, and the next run decides it anew.
    @Test func whatIsNotLeftOutAnyMoreIsSaidNoMore() async throws {
        try await failInPart(admission("f.json", "F", bytes: 1), accepted: ["a1"], rest: ["c1"])
        let taken = [AcceptedRecord(record: "a1", reference: "F")]
        var stopped = admission("s.json", "S", bytes: 2)
        #expect(try await admit(&stopped, leavingOut: taken)?.count == 1)
        try await accept(admission("d.json", "D", bytes: 3), leavingOut: taken, sending: ["c1-corrected"])
        stopped.leftOut = nil
        #expect(try await ledger.admit(stopped).batches?.count == 1)
        try await ledger.accept("S", of: stopped.drop)
        #expect(try await ledger.result(of: stopped.drop.id)?.alreadyAccepted == [])
    }

    @Test func theCorrectedDocumentEndsIt() async throws {
        try await failInPart(admission("f.json", "F", bytes: 1), accepted: ["a1", "b1"], rest: ["c1"])
        // The correction was in the identity itself; what counts is that all that was accepted is in it.
        let taken = [AcceptedRecord(record: "a1", reference: "F"), AcceptedRecord(record: "b1", reference: "F")]
        let corrected = admission("d.json", "D", bytes: 2)
        try await accept(corrected, leavingOut: taken, sending: ["x1"])
        #expect(try await ledger.result(of: corrected.drop.id)?.alreadyAccepted == taken)
        #expect(try await leftOut(["a1", "b1"]).isEmpty)
        #expect(try await ledger.admit(admission("e.json", "E", bytes: 3)).batches?.count == 1)
        // The first file would pay everybody again.
        #expect(try await ledger.admit(admission("f.json", "F", bytes: 1)) == .duplicate(of: FileName("d.json")))
    }

    @Test func theRestAloneEndsItToo() async throws {
        try await failInPart(admission("f.json", "F", bytes: 1), accepted: ["a1"], rest: ["c1", "d1"])
        try await accept(admission("d.json", "D", bytes: 2), leavingOut: [], sending: ["c1"])
        #expect(try await leftOut(["a1"]) == ["a1"])
        try await accept(admission("e.json", "E", bytes: 3), leavingOut: [], sending: ["d1"])
        #expect(try await leftOut(["a1"]).isEmpty)
    }

    /// The corrected one, or another instalment.
    @Test func anotherPaymentOfTheSameAccountLeavesItInDoubt() async throws {
        try await failInPart(admission("f.json", "F", bytes: 1), accepted: ["a1", "b1"], rest: ["c1"])
        try await accept(admission("d.json", "D", bytes: 2), leavingOut: [], sending: ["c1-30"])
        #expect(try await leftOut(["a1", "b1"]) == ["a1", "b1"])
        #expect(try await ledger.admit(admission("f.json", "F", bytes: 1)) == .remake(round: 2), "its rest is its own")
        // Each once more.
        let taken = ["a1", "b1"].map { AcceptedRecord(record: $0, reference: "F") }
        try await accept(admission("e.json", "E", bytes: 3), leavingOut: [taken[0]], sending: ["z1"])
        #expect(try await leftOut(["a1", "b1"]) == ["b1"])
        try await accept(admission("g.json", "G", bytes: 4), leavingOut: [taken[1]], sending: ["z2"])
        #expect(try await leftOut(["a1", "b1"]).isEmpty)
        #expect(try await leftOut(["a1", "b1"], bytes: 1) == ["0:a1", "1:b1"], "but always of its own file")
    }

    @Test func oneOfTwoPaymentsOfAnAccountIsNotBoth() async throws {
        try await failInPart(admission("f.json", "F", bytes: 1), accepted: ["a1"], rest: ["c1-70", "c1-80"])
        let taken = [AcceptedRecord(record: "a1", reference: "F")]
        for number in 0...2 {
            #expect(try await leftOut(["a1"]) == ["a1"])
            #expect(try await ledger.admit(admission("f.json", "F", bytes: 1)) == .remake(round: 2))
            let sending = ["c1-30", "z1", "c1-71"][number]
            try await accept(
                admission("\(number).json", sending, bytes: UInt8(2 + number)), leavingOut: number == 0 ? [] : taken,
                sending: [sending])
        }
    }

    @Test func theCorrectionOfWhatIsInDoubtEndsIt() async throws {
        try await failInPart(admission("f.json", "F", bytes: 1), accepted: ["a1"], rest: ["c1"])
        try await accept(admission("d.json", "D", bytes: 2), leavingOut: [], sending: ["c1-30"])
        let taken = [AcceptedRecord(record: "a1", reference: "F")]
        try await accept(admission("e.json", "E", bytes: 3), leavingOut: taken, sending: ["c1-71"])
        #expect(try await leftOut(["a1"]).isEmpty)
        #expect(try await ledger.admit(admission("f.json", "F", bytes: 1)) == .duplicate(of: FileName("e.json")))
    }

    /// A file of which all was left out.
    @Test func aDuplicateUsesUpWhatIsInDoubt() async throws {
        try await failInPart(admission("f.json", "F", bytes: 1), accepted: ["a1"], rest: ["c1"])
        for (sent, expected) in [("z1", ["a1"]), ("c1-30", [])] {
            try await accept(
                admission("\(sent).json", sent, bytes: sent == "z1" ? 3 : 4), leavingOut: [], sending: [sent])
            let alone = admission("d.json", "D", bytes: 2)
            #expect(try await ledger.admit(alone) == .remake(round: 1))
            _ = try await ledger.conclude(
                alone.drop,
                Ending(outcome: .duplicate, alreadyAccepted: [AcceptedRecord(record: "a1", reference: "F")]),
                filedName: alone.drop.name)
            #expect(try await leftOut(["a1"]) == expected)
        }
    }

    @Test func otherPaymentsDoNotEndIt() async throws {
        try await failInPart(admission("f.json", "F", bytes: 1), accepted: ["a1"], rest: ["c1"])
        try await accept(admission("d.json", "D", bytes: 2), leavingOut: [], sending: ["z1"])
        #expect(try await leftOut(["a1"]) == ["a1"])
    }

    @Test func rejectedContentComesBackUnderAnotherReference() async throws {
        try await failInPart(admission("f.json", "F", bytes: 1), accepted: ["a1"], rest: ["c1"])
        #expect(try await ledger.admit(admission("f.json", "F", bytes: 1)) == .remake(round: 2))
        try await failInPart(admission("f.json", "F", bytes: 1), accepted: [], rest: ["c1"])
        #expect(try await ledger.admit(admission("f.json", "F", bytes: 1)) == .remake(round: 3))
        #expect(try await leftOut(["a1"], bytes: 1) == ["0:a1"])
    }

    @Test func aRejectedReferenceOfTheSendersOwnCannotBeUsedAgain() async throws {
        var first = fixture.admission(fixture.drop("f.json"), content: "F", kind: .payment, own: "RUN-1")
        try await failInPart(first, accepted: ["a1"], rest: ["c1"])
        first = fixture.admission(fixture.drop("f.json"), content: "F", kind: .payment, own: "RUN-1")
        #expect(try await ledger.admit(first).code == .referenceConflict)
        let other = fixture.admission(fixture.drop("g.json"), content: "G", kind: .payment, own: "RUN-1", bytes: 2)
        #expect(try await ledger.admit(other).code == .referenceConflict)
    }

    @Test func aReferenceOfTheSendersOwnThatWasTakenInPartTakesNoOtherContent() async throws {
        let first = fixture.admission(fixture.drop("a.json"), content: "c1", own: "RUN-1", parts: 2)
        _ = try await ledger.admit(first)
        try await ledger.attempt("RUN-1-1of2", of: first.drop, status: 202, becomes: .accepted)
        try await ledger.refuse("RUN-1-2of2", of: first.drop)
        let other = fixture.admission(fixture.drop("b.json"), content: "c2", own: "RUN-1", parts: 2, bytes: 2)
        #expect(try await ledger.admit(other).code == .referenceConflict)
        let same = fixture.admission(fixture.drop("a.json"), content: "c1", own: "RUN-1", parts: 2)
        #expect(try await ledger.admit(same).batches?.map(\.state) == [.accepted, .waiting])
    }

    // MARK: Of which it is not known what was refused

    /// A document in two parts: of the first it is not known which records the API refused, of the second `rest` was.
    private func failUnclear(
        _ admission: Admission, _ records: [String], rest: [String], clear: Set<String> = []
    ) async throws {
        let batches = try #require(try await ledger.admit(admission).batches)
        for batch in batches where batch.state != .accepted {
            try await ledger.attempt(batch.reference, of: admission.drop, status: 202, becomes: .accepted)
        }
        var ending = Ending.failed(Problem(.submitRejected, "no"))
        var spoken = Spoken(identities: IdentityKeys((records + rest).map(key)), rest: rest.map(payment))
        let reference = batches[0].reference
        spoken.accepted = taken(records, under: reference)
        spoken.clear = clear
        if !clear.contains(reference) {
            ending.unclearBatches = [reference]
            for index in spoken.accepted.indices { spoken.accepted[index].isUnclear = true }
        }
        _ = try await ledger.conclude(
            admission.drop, ending, filedName: admission.drop.name, spoken: spoken)
    }

    private func parts(_ name: String) -> Admission {
        fixture.admission(fixture.drop(name), content: "F", kind: .payment, parts: 2, bytes: 1)
    }

    @Test func theRestOfOnePartSettlesNoDoubtAboutAnother() async throws {
        try await failUnclear(parts("f.json"), ["a1", "b1"], rest: ["c1"], clear: ["F-2of2"])
        try await accept(admission("rest.json", "R", bytes: 2), leavingOut: [], sending: ["c1"])
        #expect(try await ledger.isInDoubt(["F-1of2"]))
        #expect(try await ledger.admit(parts("again.json")).batches?.map(\.state) == [.accepted, .accepted])
    }

    @Test func aDoubtLastsUntilAllOfItIsKnown() async throws {
        try await failUnclear(parts("f.json"), ["a1", "b1"], rest: [])
        // Nothing is known of its records, for its body is lost, and then all.
        try await failUnclear(parts("again.json"), [], rest: [])
        #expect(try await ledger.isInDoubt(["F-1of2"]))
        try await failUnclear(parts("clear.json"), ["a1"], rest: ["b1"], clear: ["F-1of2"])
        #expect(try await !ledger.isInDoubt(["F-1of2"]))
        #expect(try await leftOut(["a1", "b1"]) == ["a1"])
    }

    @Test func whoeverSendsWhatIsInDoubtAllTheSameSettlesIt() async throws {
        try await failUnclear(parts("f.json"), ["a1", "b1"], rest: [])
        try await accept(admission("rest.json", "R", bytes: 2), leavingOut: [], sending: ["b1"])
        #expect(try await leftOut(["a1", "b1"]) == ["a1"])
    }

    @Test func theBodyOfABatchInDoubtIsKept() async throws {
        let first = parts("f.json")
        for batch in first.batches { try ledger.keep(body: [1], hash: batch.bodyHash) }
        try await failUnclear(first, ["a1", "b1"], rest: [])
        try fixture.reopened().sweepBodies()
        let bodies = fixture.folder.url.appendingPathComponent("bodies")
        #expect(try bodies.names == [first.batches[0].bodyHash.hex])
    }
}

/// Kept bodies that nobody will send again.
@Suite struct SweepTests {
    @Test func bodiesOfWhatIsOpenStayAndTheOthersGo() async throws {
        let fixture = try LedgerFixture()
        let ledger = fixture.ledger
        func keep(_ content: String, accepted: Bool) async throws -> Batch {
            let drop = fixture.drop("\(content).json")
            let batch = Batch(
                reference: content, records: 1, bytes: 2, bodyHash: Array(repeating: content.utf8.first ?? 0, count: 32)
            )
            var admission = fixture.admission(drop, content: content)
            admission.batches = [batch]
            _ = try await ledger.admit(admission)
            try ledger.keep(body: [1, 2], hash: batch.bodyHash)
            if accepted {
                try await ledger.accept(content, of: drop)
            } else {
                try await ledger.leaveUnresolved(content, of: drop)
            }
            return batch
        }
        let done = try await keep("a", accepted: true)
        let open = try await keep("b", accepted: false)
        try ledger.sweepBodies()
        let bodies = fixture.folder.url.appendingPathComponent("bodies")
        #expect(try bodies.names == [open.bodyHash.hex])
        #expect(done.bodyHash != open.bodyHash)

        // Of a drop on its way another part may be refused: it is looked up then what this one had.
        let drop = fixture.drop("c.json")
        var admission = fixture.admission(drop, content: "c")
        admission.batches[0].bodyHash = [UInt8](repeating: 7, count: 32)
        _ = try await ledger.admit(admission)
        try ledger.keep(body: [1, 2], hash: admission.batches[0].bodyHash)
        try await ledger.attempt("c", of: drop, status: 202, becomes: .accepted)
        try ledger.sweepBodies()
        #expect(try bodies.names.count == 2)
    }
}
