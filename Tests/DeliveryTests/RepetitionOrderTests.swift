import Delivery
import Model
import TestSupport
import Testing

/// The value in a box, for a macro cannot call what changes a value.
private final class Row {
    private var order = DropOrder()
    private var arrival: Int64 = 0

    /// A drop whose turn has come.
    func taken(_ keys: UInt64..., inbox: String = "erp", kind: Kind = .account) -> DropID {
        arrival += 1
        let drop = DropID(text: "\(arrival)")
        order.enlist(
            DropOrder.Place(
                drop: drop, inbox: inbox, arrival: arrival, rule: .key, kind: kind, keys: IdentityKeys(keys)))
        let isTaken = order.take(drop)
        #expect(isTaken)
        return drop
    }

    func begin(repeating joint: Int64, by drop: DropID, about keys: UInt64...) -> Bool {
        order.begin(repeating: joint, by: drop, about: IdentityKeys(keys))
        return order.follow(joint, drop) ?? true
    }

    func depart(_ drop: DropID) -> Bool { order.depart(drop) }
    func follow(_ joint: Int64, _ drop: DropID) -> Bool? { order.follow(joint, drop) }
    func end(repeating joint: Int64) -> [DropID] { order.end(repeating: joint) }
    func followers(of drop: DropID) -> [DropID] { order.followers(of: drop) }
    func mayLeave(_ drop: DropID) -> Bool { order.mayLeave(drop) }
    func standing(of drop: DropID) -> DropOrder.Standing? { order.standing(of: drop) }
    func conclude(_ drop: DropID, settlesAt moment: Moment? = nil) -> [DropID] {
        order.conclude(drop, settlesAt: moment)
    }
    func settle(_ drop: DropID) -> [DropID] { order.settle(drop) }
}

/// A shared request that is repeated goes for all who share it, though only some of them are there.
@Suite struct RepetitionOrderTests {
    private let row = Row()
    private let later = Moment(sinceBoot: .seconds(100))

    @Test func itWaitsForWhoeverIsOnTheWayWithOneOfItsRecordsAndForItsProcessing() {
        let other = row.taken(2)
        let stranger = row.taken(9)
        let partner = row.taken(2, inbox: "partner")
        #expect(row.depart(other) && row.depart(stranger) && row.depart(partner))
        let one = row.taken(1)
        #expect(!row.begin(repeating: 7, by: one, about: 1, 2))
        #expect(row.standing(of: one)?.undecided == [other])
        #expect(row.conclude(other, settlesAt: later) == [one])
        #expect(!row.mayLeave(one))
        #expect(row.settle(other) == [one])
        #expect(row.mayLeave(one) && row.follow(7, one) == true)
    }

    @Test func whatSettlesAlreadyIsWaitedFor() {
        let other = row.taken(2)
        #expect(row.depart(other))
        _ = row.conclude(other, settlesAt: later)
        let one = row.taken(1)
        #expect(!row.begin(repeating: 7, by: one, about: 1, 2))
        #expect(row.settle(other) == [one] && row.mayLeave(one))
    }

    @Test func whoeverIsNotOnTheWayWaitsForItAndForItsProcessing() {
        let other = row.taken(2)
        let stranger = row.taken(9)
        let one = row.taken(1)
        #expect(row.begin(repeating: 7, by: one, about: 1, 2, 3))
        #expect(!row.depart(other) && row.depart(stranger))
        let late = row.taken(3, kind: .payment)
        _ = row.conclude(one, settlesAt: later)
        #expect(!row.mayLeave(other) && !row.depart(late))
        #expect(Set(row.settle(one)) == [other, late])
        #expect(row.mayLeave(other) && row.depart(other))
    }

    @Test func itsOtherDropsGoWithIt() {
        let other = row.taken(3)
        #expect(row.depart(other))
        let (one, two, three) = (row.taken(1), row.taken(2), row.taken(4))
        #expect(row.follow(7, two) == nil)
        #expect(!row.begin(repeating: 7, by: one, about: 1, 2, 3))
        #expect(row.follow(7, two) == false && row.followers(of: one) == [two])
        #expect(row.conclude(other) == [one])
        #expect(row.mayLeave(one) && row.mayLeave(two) && row.follow(7, two) == true && row.depart(three))
    }

    @Test func whoWaitsWithOneThatEndsGoesOn() {
        let other = row.taken(3)
        #expect(row.depart(other))
        let (one, two) = (row.taken(1), row.taken(2))
        #expect(!row.begin(repeating: 7, by: one, about: 1, 2, 3))
        #expect(row.follow(7, two) == false)
        #expect(row.conclude(one) == [two])
        #expect(row.mayLeave(two) && row.follow(7, two) == nil)
        #expect(!row.begin(repeating: 7, by: two, about: 1, 2, 3))
    }

    @Test func whatCameApartHoldsNobodyBack() {
        let (one, two) = (row.taken(1), row.taken(2))
        #expect(row.begin(repeating: 7, by: one, about: 1, 2, 3))
        #expect(row.follow(7, two) == true)
        #expect(row.end(repeating: 7) == [two])
        let other = row.taken(3)
        #expect(row.depart(two) && row.depart(one) && row.depart(other))
    }

    @Test func twoThatMeetGoInTheOrderOfTheirBeginnings() {
        let (one, two) = (row.taken(1), row.taken(2))
        #expect(row.begin(repeating: 7, by: one, about: 1, 3))
        #expect(!row.begin(repeating: 8, by: two, about: 2, 3))
        // It goes by itself after all, and is not held back by the one that waits for it.
        #expect(row.end(repeating: 7) == [] && row.depart(one))
        #expect(row.conclude(one) == [two] && row.mayLeave(two))
    }

    // MARK: At random

    /// Documents and shared requests about few identities, that come, leave, fail and come back.
    private struct World {
        struct Joint {
            var keys: IdentityKeys
            var isOpen = true
        }

        var generator: SeededGenerator
        var order = DropOrder()
        var places: [DropID: DropOrder.Place] = [:]
        var joints: [Int64: Joint] = [:]
        /// Which shared request a drop repeats.
        var members: [DropID: Int64] = [:]
        var waiting: Set<DropID> = []
        var decided: Set<DropID> = []
        var inFlight: Set<DropID> = []
        var flights: [Int64: Set<DropID>] = [:]

        mutating func arrive(_ arrival: Int64, _ keys: IdentityKeys, of joint: Int64?) {
            let drop = DropID(text: "\(100_000 + arrival)")
            let place = DropOrder.Place(
                drop: drop, inbox: "erp", arrival: arrival, rule: .key, kind: .account, keys: keys)
            places[drop] = place
            members[drop] = joint
            order.enlist(place)
            waiting.insert(drop)
        }

        mutating func step() {
            for drop in shuffled(waiting) where order.take(drop) {
                waiting.remove(drop)
                decided.insert(drop)
            }
            for drop in shuffled(decided) where order.mayLeave(drop) { leave(drop) }
            if let drop = inFlight.sorted(by: { $0.text < $1.text }).randomElement(using: &generator) {
                inFlight.remove(drop)
                _ = order.conclude(drop, settlesAt: nil)
            }
            if let joint = flights.keys.sorted().randomElement(using: &generator) { land(joint) }
        }

        private mutating func shuffled(_ drops: Set<DropID>) -> [DropID] {
            drops.sorted { $0.text < $1.text }.shuffled(using: &generator)
        }

        private mutating func leave(_ drop: DropID) {
            guard let joint = members[drop] else {
                guard order.depart(drop) else { return }
                decided.remove(drop)
                inFlight.insert(drop)
                return
            }
            if joints[joint]?.isOpen == false {
                decided.remove(drop)
                _ = order.conclude(drop, settlesAt: nil)
                return
            }
            if order.follow(joint, drop) == nil, let keys = joints[joint]?.keys {
                order.begin(repeating: joint, by: drop, about: keys)
            }
            guard order.follow(joint, drop) == true else { return }
            decided.remove(drop)
            flights[joint, default: []].insert(drop)
        }

        private mutating func land(_ joint: Int64) {
            let drops = flights.removeValue(forKey: joint) ?? []
            switch Int.random(in: 0..<3, using: &generator) {
            case 0:
                // It comes apart, and its drops go on one by one.
                joints[joint]?.isOpen = false
                for drop in drops { members[drop] = nil }
                decided.formUnion(drops)
                for drop in members.filter({ $0.value == joint }).map(\.key) { members[drop] = nil }
                _ = order.end(repeating: joint)
            case 1: for drop in drops { _ = order.conclude(drop, settlesAt: nil) }
            default:
                joints[joint]?.isOpen = false
                for drop in drops { _ = order.conclude(drop, settlesAt: nil) }
            }
        }

        /// What is on its way at the same time.
        var abroad: [IdentityKeys] {
            inFlight.compactMap { places[$0]?.keys } + flights.keys.compactMap { joints[$0]?.keys }
        }
    }

    @Test(arguments: 1...60 as ClosedRange<UInt64>)
    func nothingThatMeetsIsOnTheWayTogetherAndNobodyWaitsForEver(seed: UInt64) throws {
        var world = World(generator: SeededGenerator(seed: seed))
        func keys() -> IdentityKeys {
            IdentityKeys(
                (0..<Int.random(in: 1...2, using: &world.generator)).map { _ in
                    UInt64.random(in: 0..<12, using: &world.generator)
                })
        }
        var arrival: Int64 = 0
        var shared: [(joint: Int64, keys: IdentityKeys)] = []
        func check() {
            for (index, one) in world.abroad.enumerated() {
                for two in world.abroad.dropFirst(index + 1) { #expect(!one.meets(two)) }
            }
        }
        for round in 0..<120 {
            if round % 10 == 0 {
                let parts = (0..<3).map { _ in keys() }
                world.joints[Int64(round)] = World.Joint(keys: IdentityKeys(parts.flatMap(\.sorted)))
                shared += parts.map { (Int64(round), $0) }
            }
            arrival += 1
            if Bool.random(using: &world.generator), let index = shared.indices.randomElement(using: &world.generator) {
                let part = shared.remove(at: index)
                let isOpen = world.joints[part.joint]?.isOpen == true
                world.arrive(arrival, part.keys, of: isOpen ? part.joint : nil)
            } else {
                world.arrive(arrival, keys(), of: nil)
            }
            world.step()
            check()
        }
        var rounds = 0
        while !world.waiting.isEmpty || !world.decided.isEmpty || !world.inFlight.isEmpty || !world.flights.isEmpty {
            world.step()
            check()
            rounds += 1
            try #require(rounds < 10_000, "somebody waits for ever")
        }
    }
}
