import Model

/// Tells an outage and a wrong configuration from wrong files, and pauses submission while it lasts (contract,
/// section 4, "Outages"): closed, open, or probing.
package struct Breaker: Sendable {
    package struct Settings: Sendable, Hashable {
        /// So many signs in a row, over at least two drops, are no file's fault.
        package var failures: Int
        /// The time from the end of one probe to the next.
        package var probe: Duration

        package init(failures: Int = 5, probe: Duration = .seconds(30)) {
            self.failures = failures
            self.probe = probe
        }
    }

    /// Why submission pauses.
    package enum Cause: String, Sendable, Hashable {
        case outage, misconfigured
    }

    /// What an answer to a drop's request says about the API.
    package enum Sign: Sendable, Hashable {
        /// It is at work: it accepted, or it refused this very payload.
        case works
        /// 500 and above, or no answer.
        case fails
        /// 401 to a new token, 403, or 404 to a document.
        case refuses
        /// TLS failed: no other drop will fare better, so one sign is enough.
        case untrusted
        /// An attachment's 404: no more than that the API is there to look for an account.
        case early
        /// Nothing: 408, 429, or a first 401.
        case none

        /// Whether submission goes on where it paused for this.
        func ends(_ cause: Cause) -> Bool { self == .works || self == .early && cause == .outage }
    }

    package enum Permit: Sendable, Hashable {
        case go
        /// As the one request that finds out whether the pause is over.
        case probe
        /// Ask again at this moment; `nil`: when told to.
        case wait(until: Moment?)
    }

    package enum Change: Sendable, Hashable {
        /// Submission pauses. The drops are those of the run of signs that led to it.
        case opened(Cause, run: Set<DropID>)
        case closed(Cause)
    }

    private struct Run: Sendable {
        var cause: Cause
        var count = 0
        var drops: Set<DropID> = []
    }

    private enum State: Sendable {
        case closed(Run?)
        case open(Cause, next: Moment)
        case probing(Cause)
    }

    private let settings: Settings
    private var state = State.closed(nil)
    /// The drops that wait, the one whose turn is next first.
    private var waiting: [DropID] = []

    package init(_ settings: Settings = Settings()) {
        self.settings = settings
    }

    /// Why submission pauses; `nil`: it does not.
    package var cause: Cause? {
        switch state {
        case .closed: nil
        case .open(let cause, _), .probing(let cause): cause
        }
    }

    /// When the next probe may leave; `nil`: there is no pause, or a probe is under way.
    package var nextProbe: Moment? {
        if case .open(_, let next) = state { next } else { nil }
    }

    /// The drop whose turn to probe comes next.
    package var nextInTurn: DropID? { waiting.first }

    /// A drop wants to send. While there is a pause it stands in the row from here on.
    package mutating func enter(_ drop: DropID, at now: Moment) -> Permit {
        guard cause != nil else {
            waiting = []
            return .go
        }
        if !waiting.contains(drop) { waiting.append(drop) }
        guard case .open(let cause, let next) = state, waiting.first == drop else { return .wait(until: nil) }
        guard now >= next else { return .wait(until: next) }
        waiting.removeFirst()
        state = .probing(cause)
        return .probe
    }

    /// A drop that waited wants to send no more.
    package mutating func leave(_ drop: DropID) {
        waiting.removeAll { $0 == drop }
    }

    /// An answer came to a drop's request.
    package mutating func note(_ sign: Sign, of drop: DropID, isProbe: Bool, at now: Moment) -> Change? {
        switch state {
        case .closed(let run):
            return note(sign, of: drop, after: run, at: now)
        case .open(let cause, _), .probing(let cause):
            // Whoever left before the pause may be the first to hear that it is over.
            if sign.ends(cause) {
                state = .closed(nil)
                return .closed(cause)
            }
            if isProbe { endProbe(at: now) }
            return nil
        }
    }

    /// A probe's answer ended, or nobody waits for it any more.
    package mutating func endProbe(at now: Moment) {
        // From the answer's end: then the API sees one in that time however long each was on its way.
        pass(next: now + settings.probe)
    }

    /// A probe never left: it is the next one's turn.
    package mutating func withdrawProbe(at now: Moment) {
        pass(next: now)
    }

    /// Nobody is there to find out whether a pause is over: from the moment of the next probe on there is none, and whoever
    /// comes then tells.
    package mutating func endIfDeserted(at now: Moment) -> Change? {
        guard case .open(let cause, let next) = state, waiting.isEmpty, now >= next else { return nil }
        state = .closed(nil)
        return .closed(cause)
    }

    private mutating func pass(next: Moment) {
        if case .probing(let cause) = state { state = .open(cause, next: next) }
    }

    private mutating func note(_ sign: Sign, of drop: DropID, after run: Run?, at now: Moment) -> Change? {
        let cause: Cause
        switch sign {
        case .early, .none: return nil
        case .works:
            state = .closed(nil)
            return nil
        case .untrusted: return open(.misconfigured, run: [drop], at: now)
        case .fails: cause = .outage
        case .refuses: cause = .misconfigured
        }
        var run = run?.cause == cause ? run ?? Run(cause: cause) : Run(cause: cause)
        run.count += 1
        run.drops.insert(drop)
        if run.count >= settings.failures && run.drops.count >= 2 { return open(cause, run: run.drops, at: now) }
        state = .closed(run)
        return nil
    }

    private mutating func open(_ cause: Cause, run: Set<DropID>, at now: Moment) -> Change {
        state = .open(cause, next: now + settings.probe)
        return .opened(cause, run: run)
    }
}
