/// The faults that befall requests by chance or by the clock. What `--faults` says, as a value.
///
/// `FaultPlan(parsing:)` reads it from text such as `429:5%,503:2%,drop:1%,latency:20ms..200ms,outage:10s@30s`.
package struct FaultPlan: Sendable, Equatable {
    /// What happens to a request by chance.
    package enum Effect: Sendable, Hashable {
        /// It is answered with this status, and not applied.
        case status(Int)
        /// Its connection is closed without an answer: half the time before it was applied, half after.
        case drop
        /// No answer ever comes: half the time it was applied, half not.
        case hang
        /// It is applied, and its answer breaks off in the middle.
        case tear
        /// Its connection is closed in the middle of its body.
        case cut
        /// It is answered with 503 before its body was read, and its connection is closed.
        case early
        /// It is applied, and what comes back is no HTTP.
        case garbage
        /// It is applied, and its answer's body has 10 MB.
        case huge
        /// It is applied, and its answer's body never ends.
        case endless

        /// The names that `--faults` knows, statuses apart.
        static let named: [(name: String, effect: Effect)] = [
            ("drop", .drop), ("hang", .hang), ("tear", .tear), ("cut", .cut), ("early", .early),
            ("garbage", .garbage), ("huge", .huge), ("endless", .endless),
        ]
    }

    /// How often an effect comes.
    package struct Chance: Sendable, Equatable {
        package var effect: Effect
        package var percent: Double
        /// Whether it befalls the token endpoint instead of the API.
        package var onToken: Bool

        package init(_ effect: Effect, percent: Double, onToken: Bool = false) {
            self.effect = effect
            self.percent = percent
            self.onToken = onToken
        }
    }

    /// A time in which every request is answered with 503.
    package struct Outage: Sendable, Equatable {
        package var length: Duration
        /// When it begins, from the sandbox's start.
        package var start: Duration
        /// Whether it comes again every `start`.
        package var repeats: Bool

        package init(length: Duration, start: Duration, repeats: Bool = false) {
            self.length = length
            self.start = start
            self.repeats = repeats
        }
    }

    package var chances: [Chance] = []
    /// How long a request waits before it is looked at.
    package var latency: ClosedRange<Duration>?
    package var outages: [Outage] = []
    /// How long after its 202 a batch is applied; `nil` for at once.
    package var applyDelay: ClosedRange<Duration>?
    /// How many of the records are refused when their batch is applied.
    package var rejectedPercent: Double = 0

    package init() {}

    /// Whether an outage is on, so long after the start.
    func isOut(at elapsed: Duration) -> Bool {
        outages.contains { outage in
            guard elapsed >= outage.start else { return false }
            guard outage.repeats else { return elapsed < outage.start + outage.length }
            let rounds = (elapsed / outage.start).rounded(.down)
            return elapsed - outage.start * rounds < outage.length
        }
    }

    /// What chance has in store for the next request; `nil` for nothing.
    func effect(onToken: Bool, using generator: inout SplitMix64) -> Effect? {
        let candidates = chances.filter { $0.onToken == onToken }
        guard !candidates.isEmpty else { return nil }
        var draw = Double.random(in: 0..<100, using: &generator)
        for chance in candidates {
            if draw < chance.percent { return chance.effect }
            draw -= chance.percent
        }
        return nil
    }
}
