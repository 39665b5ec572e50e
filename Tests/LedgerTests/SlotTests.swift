import Foundation
import Ledger
import Model
import Testing
import TestSupport

/// The throttle's window outlives the process, and the machine's run.
@Suite struct SlotTests {
    private let fixture: LedgerFixture
    private var time: ManualTime { fixture.time }
    private static let window = Duration.seconds(60)

    init() throws {
        fixture = try LedgerFixture()
    }

    private func request(_ ledger: Ledger? = nil, ends: Bool = true) async throws {
        let ledger = ledger ?? fixture.ledger
        let request = try await ledger.beginTokenRequest(requestID: UUID().uuidString)
        guard ends else { return }
        try await ledger.end(
            RequestEnd(
                request: request, status: 200, duration: .zero, error: nil, batch: nil, statusURI: nil, response: nil))
    }

    private func slots(_ ledger: Ledger, limit: Int = 1000) async throws -> [Moment] {
        try await ledger.inheritSlots(window: SlotTests.window, limit: limit).sorted()
    }

    @Test func anEmptyLedgerHoldsNoSlots() async throws {
        #expect(try await slots(fixture.ledger).isEmpty)
    }

    @Test func withinOneRunOfTheMachineTheEndsAreKnown() async throws {
        var ends: [Moment] = []
        for _ in 0..<5 {
            time.advance(by: .seconds(10))
            try await request()
            ends.append(time.moment)
        }
        time.advance(by: .seconds(25))
        let inherited = try await slots(try fixture.reopened())
        let expected = ends.filter { time.moment - $0 < SlotTests.window }
        #expect(inherited.count == expected.count)
        for (slot, end) in zip(inherited, expected) {
            #expect(slot >= end && slot - end <= .milliseconds(1))
        }
    }

    @Test func aSlotIsNeverFreeTooEarly() async throws {
        time.advance(by: .microseconds(1_000_999))
        try await request()
        let end = time.moment
        let slot = try #require(try await slots(try fixture.reopened()).first)
        #expect(slot >= end)
    }

    @Test func aRequestThatWasCutOffCountsAsEndedNow() async throws {
        try await request(ends: false)
        time.advance(by: .seconds(30))
        #expect(try await slots(try fixture.reopened()) == [time.moment])
        // The next run does not begin to count anew.
        let end = time.moment
        time.advance(by: .seconds(59))
        #expect(try await slots(try fixture.reopened()) == [end])
        time.advance(by: .seconds(1))
        #expect(try await slots(try fixture.reopened()).isEmpty)
    }

    @Test func requestsOfAnotherRunOfTheMachineCountAsEndedNow() async throws {
        for _ in 0..<3 { try await request() }
        time.advance(by: .seconds(3))
        let now = time.moment
        #expect(try await slots(try fixture.reopened(boot: "boot-2")) == [now, now, now])
        time.advance(by: .seconds(40))
        #expect(try await slots(try fixture.reopened(boot: "boot-2")) == [now, now, now])
        time.advance(by: .seconds(20))
        #expect(try await slots(try fixture.reopened(boot: "boot-2")).isEmpty)
    }

    @Test func noMoreSlotsAreInheritedThanThereAre() async throws {
        for _ in 0..<20 { try await request() }
        #expect(try await slots(try fixture.reopened(), limit: 7).count == 7)
        #expect(try await slots(try fixture.reopened(boot: "boot-2"), limit: 7).count == 7)
    }

    @Test func aStepOfTheClockOnTheWallMovesNoSlot() async throws {
        try await request()
        let end = time.moment
        time.stepWallClock(by: .seconds(-86_400))
        time.advance(by: .seconds(10))
        let slot = try #require(try await slots(try fixture.reopened()).first)
        #expect(slot - end <= .milliseconds(1))
    }
}
