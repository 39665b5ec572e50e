import Delivery
import Model
import Testing
import TestSupport

/// Random histories of one inbox before a server that queues: the last word on every identity has to be that of the
/// documents submitted one by one in the order of arrival.
@Suite struct DropOrderPropertyTests {
    /// A service and a server as far as order is concerned.
    private struct World {
        /// A document on its way through the server.
        struct Queued {
            var arrival: Int64
            var keys: [UInt64]
            var appliesAt: Moment
        }

        var generator: SeededGenerator
        var order = DropOrder()
        var now = Moment(sinceBoot: .seconds(1000))
        var places: [DropID: DropOrder.Place] = [:]
        var waiting: Set<DropID> = []
        var decided: Set<DropID> = []
        var inFlight: Set<DropID> = []
        var failed: [DropOrder.Place] = []
        var accepted: Set<Int64> = []
        var queue: [Queued] = []
        var lastWord: [UInt64: Int64] = [:]
        var mostAtOnce = 0

        let rule: DropOrder.Rule
        /// The server applies within this time of its 2xx.
        let orderWait = Duration.seconds(300)

        mutating func arrive(_ place: DropOrder.Place) {
            places[place.drop] = place
            order.enlist(place)
            waiting.insert(place.drop)
        }

        mutating func step() {
            _ = order.settle(until: now)
            for drop in waiting.sorted(by: { $0.text < $1.text }) where order.take(drop) {
                waiting.remove(drop)
                if isSuperseded(drop) {
                    _ = order.conclude(drop, settlesAt: nil)
                } else {
                    decided.insert(drop)
                }
            }
            for drop in decided.sorted(by: { $0.text < $1.text }) where order.mayLeave(drop) {
                decided.remove(drop)
                inFlight.insert(drop)
            }
            mostAtOnce = max(mostAtOnce, inFlight.count)
            if let drop = inFlight.sorted(by: { $0.text < $1.text }).randomElement(using: &generator) { answer(drop) }
            now = now + .seconds(Int.random(in: 0...40, using: &generator))
            apply()
        }

        /// What the ledger says of a drop that was put back.
        private func isSuperseded(_ drop: DropID) -> Bool {
            guard let place = places[drop] else { return false }
            return place.keys.sorted.contains { key in
                places.values.contains {
                    accepted.contains($0.arrival) && $0.arrival > place.arrival && $0.keys.contains(key)
                }
            }
        }

        private mutating func answer(_ drop: DropID) {
            guard let place = places[drop] else { return }
            inFlight.remove(drop)
            if Int.random(in: 0..<4, using: &generator) == 0 {
                // Failed, nothing taken; perhaps put back later.
                _ = order.conclude(drop, settlesAt: nil)
                if Bool.random(using: &generator) { failed.append(place) }
                return
            }
            accepted.insert(place.arrival)
            let delay = Duration.seconds(Int.random(in: 0..<300, using: &generator))
            queue.append(Queued(arrival: place.arrival, keys: place.keys.sorted, appliesAt: now + delay))
            _ = order.conclude(drop, settlesAt: now + orderWait)
        }

        mutating func apply(all: Bool = false) {
            for entry in queue.sorted(by: { $0.appliesAt < $1.appliesAt }) where all || entry.appliesAt <= now {
                for key in entry.keys { lastWord[key] = entry.arrival }
            }
            queue.removeAll { all || $0.appliesAt <= now }
        }
    }

    @Test(arguments: [DropOrder.Rule.key, .strict], 1...60 as ClosedRange<UInt64>)
    func theLastWordIsThatOfTheLastAcceptedInOrderOfArrival(rule: DropOrder.Rule, seed: UInt64) throws {
        var world = World(generator: SeededGenerator(seed: seed), rule: rule)
        var arrival: Int64 = 0
        for _ in 0..<120 {
            if Int.random(in: 0..<3, using: &world.generator) > 0 {
                arrival += 1
                let count = Int.random(in: 1...3, using: &world.generator)
                let keys = (0..<count).map { _ in UInt64.random(in: 0..<8, using: &world.generator) }
                let kind = Kind.documents.randomElement(using: &world.generator) ?? .account
                world.arrive(
                    DropOrder.Place(
                        drop: DropID(text: "\(100_000 + arrival)"), inbox: "erp", arrival: arrival, rule: rule,
                        kind: kind, keys: IdentityKeys(keys)))
            }
            if Int.random(in: 0..<10, using: &world.generator) == 0, let back = world.failed.popLast() {
                world.arrive(back)
            }
            world.step()
        }
        var rounds = 0
        while !world.waiting.isEmpty || !world.decided.isEmpty || !world.inFlight.isEmpty {
            world.step()
            rounds += 1
            try #require(rounds < 10_000, "somebody waits for ever")
        }
        world.apply(all: true)
        var expected: [UInt64: Int64] = [:]
        for place in world.places.values.sorted(by: { $0.arrival < $1.arrival })
        where world.accepted.contains(place.arrival) {
            for key in place.keys.sorted { expected[key] = place.arrival }
        }
        #expect(world.lastWord == expected)
        #expect(world.accepted.count > 30)
        if rule == .key { #expect(world.mostAtOnce > 1, "what does not meet goes side by side") }
    }
}
