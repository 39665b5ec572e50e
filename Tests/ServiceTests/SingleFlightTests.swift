import Testing

@testable import Service

@Suite(.timeLimit(.minutes(1))) struct SingleFlightTests {
    private actor Count {
        private(set) var value = 0
        func up() { value += 1 }
    }

    /// Runs until it is cancelled.
    @Sendable private static func never() async throws -> Int {
        try await Task.sleep(for: .seconds(3600))
        return 0
    }

    private static func oneThatNeverEndsAndOneThatWaits() async -> (Task<Int, any Error>, Task<Int, any Error>) {
        let flight = SingleFlight<Int, Int>()
        let first = Task { try await flight.run(1, never) }
        while await !flight.isUnderWay(1) { await Task.yield() }
        let second = Task { try await flight.run(1) { 7 } }
        while await flight.waiters(for: 1) == 0 { await Task.yield() }
        return (first, second)
    }

    @Test func whatManyWantAtOnceIsDoneOnce() async throws {
        let flight = SingleFlight<Int, Int>()
        let count = Count()
        let all = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<50 {
                group.addTask {
                    try await flight.run(1) {
                        await count.up()
                        try await Task.sleep(for: .milliseconds(100))
                        return 7
                    }
                }
            }
            return try await group.reduce(into: [Int]()) { $0.append($1) }
        }
        #expect(all.count == 50 && all.allSatisfy { $0 == 7 })
        #expect(await count.value < 5)
    }

    /// Whoever does it for the others may be stopped, and they not.
    @Test func whoWaitsForOneThatIsStoppedDoesItHimself() async throws {
        let (first, second) = await Self.oneThatNeverEndsAndOneThatWaits()
        first.cancel()
        #expect(try await second.value == 7)
        await #expect(throws: CancellationError.self) { try await first.value }
    }

    @Test func oneThatIsStoppedWaitsNoLonger() async throws {
        let (first, second) = await Self.oneThatNeverEndsAndOneThatWaits()
        second.cancel()
        await #expect(throws: CancellationError.self) { try await second.value }
        first.cancel()
    }
}

extension SingleFlight {
    fileprivate func isUnderWay(_ key: Key) -> Bool { waiting[key] != nil }
    fileprivate func waiters(for key: Key) -> Int { waiting[key]?.count ?? 0 }
}
