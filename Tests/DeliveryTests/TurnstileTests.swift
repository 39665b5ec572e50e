import Delivery
import Synchronization
import TestSupport
import Testing

@Suite struct TurnstileTests {
    /// What happened, from many tasks.
    private final class Record: Sendable {
        private let state = Mutex((order: [String](), inside: 0, most: 0))

        var order: [String] { state.withLock { $0.order } }
        var most: Int { state.withLock { $0.most } }

        func enter(_ lane: String) {
            state.withLock {
                $0.order.append(lane)
                $0.inside += 1
                $0.most = max($0.most, $0.inside)
            }
        }

        func leave() {
            state.withLock { $0.inside -= 1 }
        }
    }

    @Test func morePlacesAdmitWhoWaitsAndFewerWaitUntilTheyAreFree() async throws {
        let turnstile = Turnstile(places: 1)
        try await turnstile.enter(lane: "a")
        let record = Record()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    try await turnstile.enter(lane: "a")
                    record.enter("a")
                }
            }
            try await eventually("all wait") { await turnstile.waiting == 4 }
            await turnstile.change(places: 3)
            try await eventually("two more are in") { record.order.count == 2 }
            // Three have a place and only one may: two leave and nobody comes in, the third gives its place on.
            await turnstile.change(places: 1)
            await turnstile.leave()
            await turnstile.leave()
            #expect(await turnstile.waiting == 2)
            await turnstile.leave()
            try await eventually("one more is in") { record.order.count == 3 }
            #expect(await turnstile.waiting == 1)
            await turnstile.leave()
            try await group.waitForAll()
        }
        await turnstile.leave()
        try await turnstile.enter(lane: "a")
    }

    @Test func lanesTakeTurnsHoweverManyWaitInOne() async throws {
        let turnstile = Turnstile(places: 1)
        try await turnstile.enter(lane: "first")
        let record = Record()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<100 {
                group.addTask {
                    try await turnstile.enter(lane: "busy")
                    record.enter("busy")
                    await turnstile.leave()
                }
            }
            try await eventually("all stand in their lane") { await turnstile.waiting == 100 }
            group.addTask {
                try await turnstile.enter(lane: "other")
                record.enter("other")
                await turnstile.leave()
            }
            try await eventually("the other stands in its lane") { await turnstile.waiting == 101 }
            await turnstile.leave()
            try await group.waitForAll()
        }
        #expect(record.order.firstIndex(of: "other") == 1, "after one turn of the busy lane")
    }

    @Test func whoIsCancelledLeavesNoPlaceTaken() async throws {
        let turnstile = Turnstile(places: 1)
        try await turnstile.enter(lane: "a")
        let waiting = Task { try await turnstile.enter(lane: "a") }
        try await eventually("it waits") { await turnstile.waiting == 1 }
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        await turnstile.leave()
        try await turnstile.enter(lane: "b")
    }

    @Test func neverMoreAreInsideThanThereArePlaces() async throws {
        let turnstile = Turnstile(places: 3)
        let record = Record()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<200 {
                group.addTask {
                    try await turnstile.enter(lane: "\(number % 7)")
                    record.enter("")
                    await Task.yield()
                    record.leave()
                    await turnstile.leave()
                }
            }
            try await group.waitForAll()
        }
        #expect(record.most == 3)
    }
}
