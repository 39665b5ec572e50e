import Testing

@testable import Sandbox

struct FaultPlanTests {
    @Test func everySortOfTermIsRead() throws {
        let plan = try FaultPlan(
            parsing: "429:5%, 503:2.5%,drop:1%,token/500:10%,latency:20ms..1.5s,outage:10s@30s,outage:1s@1m*,"
                + "async:0s..30s,reject:3%")
        #expect(
            plan.chances == [
                .init(.status(429), percent: 5), .init(.status(503), percent: 2.5), .init(.drop, percent: 1),
                .init(.status(500), percent: 10, onToken: true),
            ])
        #expect(plan.latency == .milliseconds(20) ... .milliseconds(1500))
        #expect(
            plan.outages == [
                .init(length: .seconds(10), start: .seconds(30)),
                .init(length: .seconds(1), start: .seconds(60), repeats: true),
            ])
        #expect(plan.applyDelay == .zero ... .seconds(30))
        #expect(plan.rejectedPercent == 3)
    }

    @Test(arguments: ["", "  "])
    func noTermsAreNoFaults(text: String) throws {
        #expect(try FaultPlan(parsing: text) == FaultPlan())
    }

    @Test func aSingleDurationIsAFixedOne() throws {
        #expect(try FaultPlan(parsing: "latency:20ms").latency == .milliseconds(20) ... .milliseconds(20))
    }

    @Test(arguments: [
        ("503", "503", 0), ("503:2", "503:2", 0), ("429:5%,,drop:1%", "", 7), ("429:5%, 9999:1%", "9999:1%", 8),
        ("199:1%", "199:1%", 0), ("+20:1%", "+20:1%", 0), ("drop:101%", "drop:101%", 0), ("drop:-1%", "drop:-1%", 0),
        ("drop:nan%", "drop:nan%", 0), ("drop:%", "drop:%", 0), ("503:60%,drop:60%", "drop:60%", 8),
        ("503:1%,503:2%", "503:2%", 7), ("latency:20", "latency:20", 0), ("latency:3s..1s", "latency:3s..1s", 0),
        ("latency:1s,latency:2s", "latency:2s", 11), ("outage:10s", "outage:10s", 0),
        ("outage:10s@5s*", "outage:10s@5s*", 0), ("latency:1d", "latency:1d", 0), ("latency:inf s", "latency:inf s", 0),
        ("slow:1%", "slow:1%", 0), ("latency:99999999999h", "latency:99999999999h", 0),
    ])
    func aTermThatCannotBeReadIsShown(text: String, term: String, offset: Int) throws {
        let error = try #require(throws: FaultPlan.SyntaxError.self) { try FaultPlan(parsing: text) }
        #expect(error.term == term)
        #expect(error.offset == offset)
        #expect(!error.reason.isEmpty)
    }

    @Test func anErrorPointsAtItsTerm() throws {
        let error = try #require(throws: FaultPlan.SyntaxError.self) { try FaultPlan(parsing: "429:5%,503:x%") }
        #expect(
            error.description == """
                faults: expected a percentage from 0% to 100%, such as 2% or 0.5%
                    429:5%,503:x%
                           ^^^^^^
                """)
    }

    @Test func effectsComeAsOftenAsTheirPercentage() throws {
        let plan = try FaultPlan(parsing: "429:10%,drop:20%,token/500:100%")
        var generator = SplitMix64(seed: 7)
        var counts: [FaultPlan.Effect: Int] = [:]
        for _ in 0..<10_000 {
            if let effect = plan.effect(onToken: false, using: &generator) { counts[effect, default: 0] += 1 }
        }
        #expect(Set(counts.keys) == [.status(429), .drop])
        #expect((900...1100).contains(try #require(counts[.status(429)])))
        #expect((1850...2150).contains(try #require(counts[.drop])))
        #expect(plan.effect(onToken: true, using: &generator) == .status(500))
    }

    @Test func theSameSeedGivesTheSameFaults() throws {
        let plan = try FaultPlan(parsing: "503:50%")
        func draws(seed: UInt64) -> [FaultPlan.Effect?] {
            var generator = SplitMix64(seed: seed)
            return (0..<64).map { _ in plan.effect(onToken: false, using: &generator) }
        }
        #expect(draws(seed: 1) == draws(seed: 1))
        #expect(draws(seed: 1) != draws(seed: 2))
    }

    @Test(arguments: [
        (29, false, false), (30, true, true), (39, true, true), (40, false, false), (60, false, true),
        (69, false, true), (70, false, false),
    ])
    func anOutageLastsItsLength(second: Int, once: Bool, again: Bool) throws {
        #expect(try FaultPlan(parsing: "outage:10s@30s").isOut(at: .seconds(second)) == once)
        #expect(try FaultPlan(parsing: "outage:10s@30s*").isOut(at: .seconds(second)) == again)
    }

    @Test func splitMixGivesItsPublishedNumbers() {
        var generator = SplitMix64(seed: 1_234_567)
        #expect(generator.next() == 6_457_827_717_110_365_317)
        #expect(generator.next() == 3_203_168_211_198_807_973)
    }
}
