import Ledger
import Model
import Testing
import TestSupport

/// What the next run of the service finds.
@Suite struct RestartTests {
    private let fixture: LedgerFixture
    private var ledger: Ledger { fixture.ledger }

    init() throws {
        fixture = try LedgerFixture()
    }

    @Test func anAdmittedDropGoesOnWhereItWas() async throws {
        let drop = fixture.drop("a.json")
        let admission = fixture.admission(drop, content: "c", parts: 2)
        _ = try await ledger.admit(admission)
        try await ledger.attempt("c-1of2", of: drop, status: 202, becomes: .accepted)
        _ = try await ledger.begin(batch: "c-2of2", of: drop.id, requestID: "r")

        let later = try fixture.reopened()
        let unfinished = try await later.unfinished(inbox: "erp")
        #expect(unfinished.map(\.drop) == [drop])
        guard case .waiting = unfinished.first else {
            Issue.record("not waiting")
            return
        }
        #expect(try await later.admit(admission).batches?.map(\.state) == [.accepted, .unresolved])
        #expect(try await later.openBatches(of: drop.id).map(\.reference) == ["c-2of2"])
    }

    @Test func aDecidedDropIsFiledUnderTheNameThatWasChosen() async throws {
        let drop = fixture.drop("a.json")
        _ = try await ledger.admit(fixture.admission(drop, content: "c"))
        try await ledger.attempt("c", of: drop, status: 202, becomes: .accepted)
        let result = try await ledger.conclude(
            drop, Ending(outcome: .accepted, isConfirmed: true), filedName: FileName("a.2.json"))
        try await ledger.rename(drop.id, filedName: FileName(bytes: [0xFF, 0x0A]))

        let later = try fixture.reopened()
        guard case .decided(let again, let name) = try await later.unfinished(inbox: "erp").first else {
            Issue.record("not decided")
            return
        }
        #expect(again == result)
        #expect(again.sidecar == result.sidecar)
        #expect(name.bytes == [0xFF, 0x0A])
        try await later.close(drop.id)
        #expect(try await fixture.reopened().unfinished(inbox: "erp").isEmpty)
    }

    @Test func unfinishedDropsComeInTheOrderOfArrivalAndOfTheirInboxAlone() async throws {
        let drops = (1...5).map { fixture.drop("\($0).json") }
        let other = fixture.drop("other.json", inbox: "partner")
        for drop in drops.reversed() + [other] {
            _ = try await ledger.admit(fixture.admission(drop, content: "c-\(drop.name)"))
        }
        #expect(try await fixture.reopened().unfinished(inbox: "erp").map(\.drop) == drops)
        #expect(try await fixture.reopened().unfinished(inbox: "partner").map(\.drop) == [other])
    }

    @Test func aDropsPlaceAndNameSurvive() async throws {
        var generator = SystemRandomNumberGenerator()
        let name = FileName(bytes: [0xFF, 0x0A, 0x00, 0x41])
        let drop = Drop(
            id: DropID(at: fixture.time.timestamp, using: &generator), arrival: ledger.nextArrival(), inbox: "erp",
            name: name, workName: WorkName(shelf: 3, name: name), bytes: 1 << 40,
            receivedAt: Timestamp(milliseconds: 1_700_000_000_123))
        _ = try await ledger.admit(fixture.admission(drop, content: "c"))
        #expect(try await fixture.reopened().unfinished(inbox: "erp").map(\.drop) == [drop])
    }

    @Test func arrivalNumbersGrowOverARestart() async throws {
        let numbers = (0..<100).map { _ in ledger.nextArrival() }
        #expect(numbers == numbers.sorted() && Set(numbers).count == 100)
        let drop = fixture.drop("a.json")
        _ = try await ledger.admit(fixture.admission(drop, content: "c"))
        #expect(try fixture.reopened().nextArrival() > drop.arrival)
    }

    @Test func arrivalNumbersAreGivenOnce() async {
        let ledger = ledger
        let numbers = await withTaskGroup(of: Int64.self) { group in
            for _ in 0..<500 { group.addTask { ledger.nextArrival() } }
            return await group.reduce(into: Set<Int64>()) { $0.insert($1) }
        }
        #expect(numbers.count == 500)
    }

    @Test func aPendingDropIsStillWaitedForAfterARestart() async throws {
        let first = fixture.drop("first.json")
        _ = try await ledger.admit(fixture.admission(first, content: "c"))
        let second = fixture.admission(fixture.drop("second.json"), content: "c")
        #expect(try await ledger.admit(second) == .wait(first.id))
        let later = try fixture.reopened()
        #expect(try await later.unfinished(inbox: "erp").map(\.drop) == [first, second.drop])
        #expect(try await later.admit(second) == .wait(first.id))
    }

    @Test func theContentOfADropThatIsGoneAndNeverLeftIsFree() async throws {
        let first = fixture.drop("first.json")
        _ = try await ledger.admit(fixture.admission(first, content: "c"))
        let second = fixture.admission(fixture.drop("second.json"), content: "c")
        #expect(try await ledger.admit(second) == .wait(first.id))
        try await ledger.giveUp(first.id)
        #expect(try await ledger.admit(second).batches == second.batches)
        // Its file comes back, and waits like any other.
        let later = try fixture.reopened()
        #expect(try await later.admit(fixture.admission(first, content: "c")) == .wait(second.drop.id))
        try await later.accept("c", of: second.drop)
        #expect(try await later.admit(fixture.admission(first, content: "c")) == .duplicate(of: second.drop.name))
    }

    @Test(arguments: [Kind.account, .payment], [true, false])
    func whatADropThatIsGoneMayHaveSentIsRepeatedUnderItsReference(kind: Kind, isSameContent: Bool) async throws {
        let first = fixture.drop("first.json")
        let plan = fixture.admission(first, content: "c", kind: kind, parts: 2, bytes: 1)
        _ = try await ledger.admit(plan)
        try await ledger.attempt("c-1of2", of: first, status: 202, becomes: .accepted)
        _ = try await ledger.begin(batch: "c-2of2", of: first.id, requestID: "r")
        try await ledger.giveUp(first.id)
        // The same bytes may be converted to other content by now.
        let second = fixture.admission(
            fixture.drop("second.json"), content: isSameContent ? "c" : "d", kind: kind, bytes: 1)
        let batches = try #require(try await ledger.admit(second).batches)
        #expect(batches.map(\.reference) == ["c-1of2", "c-2of2"])
        #expect(batches.map(\.bodyHash) == plan.batches.map(\.bodyHash))
        #expect(batches.map(\.state) == [.accepted, .unresolved])
        // Another has its place.
        #expect(try await ledger.admit(plan) == .wait(second.drop.id))
    }

    @Test func aDropWhoseFileIsBackGoesOnWhereItWas() async throws {
        let drop = fixture.drop("a.json")
        let admission = fixture.admission(drop, content: "c")
        _ = try await ledger.admit(admission)
        _ = try await ledger.begin(batch: "c", of: drop.id, requestID: "r")
        try await ledger.giveUp(drop.id)
        let later = try fixture.reopened()
        #expect(try await later.admit(admission).batches?.map(\.state) == [.unresolved])
        let other = fixture.admission(fixture.drop("b.json", by: later), content: "c")
        #expect(try await later.admit(other) == .wait(drop.id))
    }

    /// Its folder has another name, and what it may have sent is its sender's to repeat from there.
    @Test func whatAnAdoptedDropLeavesOpenIsItsNewInboxs() async throws {
        let drop = fixture.drop("a.json")
        _ = try await ledger.admit(fixture.admission(drop, content: "c", kind: .payment, bytes: 1))
        _ = try await ledger.begin(batch: "c", of: drop.id, requestID: "r")
        #expect(try await ledger.adopt(drop, by: "acme", scope: "partners"))
        try await ledger.leaveUnresolved("c", of: drop)
        let old = fixture.admission(fixture.drop("b.json"), content: "c", kind: .payment, bytes: 1)
        #expect(try await ledger.admit(old).code == .referenceOtherInbox)
        // Of the same inbox, and of one that shares its scope; as the same content, or as the same bytes.
        for (inbox, content) in [("acme", "c"), ("other", "c"), ("acme", "d"), ("other", "d")] {
            let again = fixture.drop("\(inbox) \(content).json", inbox: inbox)
            let admission = fixture.admission(again, content: content, kind: .payment, scope: "partners", bytes: 1)
            #expect(try await ledger.admit(admission).batches?.map(\.reference) == ["c"], "\(inbox) \(content)")
            try await ledger.leaveUnresolved("c", of: again)
        }
    }

    @Test func concludingAgainGivesTheSameOutcome() async throws {
        let drop = fixture.drop("a.json")
        let ending = Ending.failed(Problem(.readEmpty, "empty"))
        let first = try await ledger.conclude(drop, ending, filedName: drop.name)
        let second = try await fixture.reopened().conclude(drop, ending, filedName: drop.name)
        #expect(first == second)
    }
}
