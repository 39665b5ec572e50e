import Delivery
import Model
import TestSupport
import Testing

/// "Outages" of the contract's section 4, sentence by sentence.
@Suite struct BreakerTests {
    private static let settings = Breaker.Settings(failures: 5, probe: .seconds(30))

    private func moment(_ seconds: Int) -> Moment { Moment(sinceBoot: .seconds(seconds)) }
    private func drop(_ number: Int) -> DropID { DropID(text: "drop \(number)") }

    /// A breaker that an outage opened at second 0, by drops 1 and 2.
    private func open(_ sign: Breaker.Sign = .fails) -> Breaker {
        var breaker = Breaker(Self.settings)
        for number in 0..<5 { _ = breaker.note(sign, of: drop(number % 2 + 1), isProbe: false, at: moment(0)) }
        return breaker
    }

    @Test func fiveFailuresInARowOverTwoDropsOpenIt() {
        var breaker = Breaker(Self.settings)
        for number in 0..<4 {
            #expect(breaker.note(.fails, of: drop(number % 2), isProbe: false, at: moment(0)) == nil)
            #expect(breaker.cause == nil)
        }
        #expect(
            breaker.note(.fails, of: drop(0), isProbe: false, at: moment(1))
                == .opened(.outage, run: [drop(0), drop(1)]))
        #expect(breaker.cause == .outage)
        #expect(breaker.enter(drop(7), at: moment(1)) == .wait(until: moment(31)))
    }

    @Test func oneDropAloneNeverOpensIt() {
        var breaker = Breaker(Self.settings)
        for _ in 0..<100 { #expect(breaker.note(.fails, of: drop(1), isProbe: false, at: moment(0)) == nil) }
        #expect(breaker.enter(drop(2), at: moment(0)) == .go)
    }

    @Test func aSuccessInBetweenBeginsTheRunAnew() {
        var breaker = Breaker(Self.settings)
        for number in 0..<40 {
            let sign: Breaker.Sign = number % 5 == 4 ? .works : .fails
            #expect(breaker.note(sign, of: drop(number), isProbe: false, at: moment(0)) == nil)
        }
    }

    @Test func whatSaysNothingNeitherCountsNorBreaksARun() {
        var breaker = Breaker(Self.settings)
        for number in 0..<4 {
            _ = breaker.note(.fails, of: drop(number), isProbe: false, at: moment(0))
            #expect(breaker.note(.none, of: drop(9), isProbe: false, at: moment(0)) == nil)
            #expect(breaker.note(.early, of: drop(8), isProbe: false, at: moment(0)) == nil)
        }
        #expect(
            breaker.note(.fails, of: drop(4), isProbe: false, at: moment(0))
                == .opened(.outage, run: Set((0..<5).map(drop))))
    }

    @Test func refusalsOverSeveralDropsAreAWrongConfiguration() {
        var breaker = Breaker(Self.settings)
        for number in 0..<4 {
            #expect(breaker.note(.refuses, of: drop(number), isProbe: false, at: moment(0)) == nil)
        }
        #expect(
            breaker.note(.refuses, of: drop(4), isProbe: false, at: moment(0))
                == .opened(.misconfigured, run: Set((0..<5).map(drop))))
    }

    @Test func failuresAndRefusalsAreTwoRuns() {
        var breaker = Breaker(Self.settings)
        for number in 0..<20 {
            let sign: Breaker.Sign = number % 2 == 0 ? .fails : .refuses
            #expect(breaker.note(sign, of: drop(number), isProbe: false, at: moment(0)) == nil)
        }
    }

    @Test func oneFailureOfTLSIsEnough() {
        var breaker = Breaker(Self.settings)
        #expect(
            breaker.note(.untrusted, of: drop(1), isProbe: false, at: moment(0))
                == .opened(.misconfigured, run: [drop(1)]))
    }

    @Test func oneProbeAtATimeEveryThirtySecondsInTurns() {
        var breaker = open()
        var probes: [(Int, DropID)] = []
        for second in 0..<300 {
            for number in 1...4 {
                guard breaker.enter(drop(number), at: moment(second)) == .probe else { continue }
                probes.append((second, drop(number)))
                // While it is under way nobody else goes.
                for other in 1...4 where other != number {
                    #expect(breaker.enter(drop(other), at: moment(second)) == .wait(until: nil))
                }
                #expect(breaker.note(.fails, of: drop(number), isProbe: true, at: moment(second)) == nil)
                _ = breaker.enter(drop(number), at: moment(second))
            }
        }
        #expect(probes.map(\.0) == [30, 60, 90, 120, 150, 180, 210, 240, 270])
        #expect(probes.map(\.1) == [1, 2, 3, 4, 1, 2, 3, 4, 1].map(drop))
    }

    @Test func aProbeThatTakesLongDelaysTheNextOne() {
        var breaker = open()
        #expect(breaker.enter(drop(1), at: moment(30)) == .probe)
        _ = breaker.enter(drop(2), at: moment(31))
        _ = breaker.note(.fails, of: drop(1), isProbe: true, at: moment(95))
        #expect(breaker.enter(drop(2), at: moment(124)) == .wait(until: moment(125)))
        #expect(breaker.enter(drop(2), at: moment(125)) == .probe)
    }

    @Test(arguments: [Breaker.Sign.fails, .refuses]) func aProbeThatSucceedsClosesIt(sign: Breaker.Sign) {
        var breaker = open(sign)
        let cause: Breaker.Cause = sign == .fails ? .outage : .misconfigured
        #expect(breaker.enter(drop(1), at: moment(30)) == .probe)
        #expect(breaker.note(.works, of: drop(1), isProbe: true, at: moment(31)) == .closed(cause))
        for number in 1...10 { #expect(breaker.enter(drop(number), at: moment(31)) == .go) }
    }

    @Test func whoeverLeftBeforeMayBringTheGoodNews() {
        var breaker = open()
        #expect(breaker.note(.works, of: drop(8), isProbe: false, at: moment(2)) == .closed(.outage))
        #expect(breaker.enter(drop(1), at: moment(2)) == .go)
    }

    @Test(arguments: [true, false]) func anAttachments404EndsAnOutage(isProbe: Bool) {
        var breaker = open()
        if isProbe { #expect(breaker.enter(drop(1), at: moment(30)) == .probe) }
        #expect(breaker.note(.early, of: drop(1), isProbe: isProbe, at: moment(30)) == .closed(.outage))
        #expect(breaker.enter(drop(2), at: moment(30)) == .go)
    }

    @Test(arguments: [(Breaker.Sign.fails, Breaker.Sign.none), (.refuses, .early), (.refuses, .none)])
    func whatSaysNothingAsAProbeDecidesNothing(sign: Breaker.Sign, probe: Breaker.Sign) {
        var breaker = open(sign)
        let cause = breaker.cause
        #expect(breaker.enter(drop(1), at: moment(30)) == .probe)
        #expect(breaker.note(probe, of: drop(1), isProbe: true, at: moment(30)) == nil)
        #expect(breaker.cause == cause)
        #expect(breaker.nextProbe == moment(60))
    }

    @Test(arguments: [Breaker.Sign.fails, .refuses]) func withNobodyToProbeItEnds(sign: Breaker.Sign) {
        var breaker = open(sign)
        let cause: Breaker.Cause = sign == .fails ? .outage : .misconfigured
        _ = breaker.enter(drop(1), at: moment(0))
        #expect(breaker.endIfDeserted(at: moment(30)) == nil, "somebody is there")
        #expect(breaker.enter(drop(1), at: moment(30)) == .probe)
        #expect(breaker.endIfDeserted(at: moment(90)) == nil, "a probe is under way")
        _ = breaker.note(.none, of: drop(1), isProbe: true, at: moment(91))
        #expect(breaker.endIfDeserted(at: moment(120)) == nil, "it is not time")
        #expect(breaker.endIfDeserted(at: moment(121)) == .closed(cause))
        #expect(breaker.enter(drop(2), at: moment(121)) == .go)
        #expect(breaker.endIfDeserted(at: moment(200)) == nil)
    }

    @Test func aProbeThatNeverLeftFreesItsTurn() {
        var breaker = open()
        #expect(breaker.enter(drop(1), at: moment(30)) == .probe)
        #expect(breaker.enter(drop(2), at: moment(30)) == .wait(until: nil))
        breaker.withdrawProbe(at: moment(31))
        #expect(breaker.enter(drop(2), at: moment(31)) == .probe)
    }

    @Test func aProbeThatWasCutOffCountsAsOne() {
        var breaker = open()
        #expect(breaker.enter(drop(1), at: moment(30)) == .probe)
        breaker.endProbe(at: moment(31))
        #expect(breaker.enter(drop(2), at: moment(60)) == .wait(until: moment(61)))
        #expect(breaker.enter(drop(2), at: moment(61)) == .probe)
    }

    @Test func whoLeavesTheRowKeepsNobodyWaiting() {
        var breaker = open()
        _ = breaker.enter(drop(1), at: moment(0))
        _ = breaker.enter(drop(2), at: moment(0))
        breaker.leave(drop(1))
        #expect(breaker.enter(drop(2), at: moment(30)) == .probe)
    }

    @Test(arguments: [
        (Answer.status(200, retryAfter: nil), Kind.account, false, Breaker.Sign.works),
        (.status(400, retryAfter: nil), .account, false, .works),
        (.status(422, retryAfter: nil), .claim, false, .works),
        (.status(401, retryAfter: nil), .account, false, .none),
        (.status(401, retryAfter: nil), .account, true, .refuses),
        (.status(403, retryAfter: nil), .account, false, .refuses),
        (.status(404, retryAfter: nil), .payment, false, .refuses),
        (.status(404, retryAfter: nil), .attachment, false, .early),
        (.status(408, retryAfter: nil), .account, false, .none),
        (.status(429, retryAfter: nil), .account, false, .none),
        (.status(500, retryAfter: nil), .account, false, .fails),
        (.status(503, retryAfter: nil), .account, false, .fails),
        (.none(NetworkFailure("lost")), .account, false, .fails),
        (.none(NetworkFailure("TLS", origin: .untrusted)), .account, false, .untrusted),
        (.none(NetworkFailure("file", origin: .changedFile)), .attachment, false, .none),
    ])
    func everyAnswerIsASign(answer: Answer, kind: Kind, isNewToken: Bool, sign: Breaker.Sign) {
        #expect(Breaker.Sign(of: answer, kind, isNewToken: isNewToken) == sign)
    }

    /// Whatever happens: between two probes that left lie thirty seconds, no two are under way, and the row goes on.
    @Test(arguments: 0..<30 as Range<UInt64>) func randomHistoriesKeepTheRules(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var breaker = open()
        var now = Duration.zero
        var underWay: DropID?
        var lastProbe: Duration?
        var served: Set<DropID> = []
        for _ in 0..<5000 {
            now += .milliseconds(Int64.random(in: 0...4000, using: &generator))
            let at = Moment(sinceBoot: now)
            if let probing = underWay, Int.random(in: 0..<4, using: &generator) == 0 {
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: #expect(breaker.note(.fails, of: probing, isProbe: true, at: at) == nil)
                case 1: breaker.endProbe(at: at)
                default:
                    breaker.withdrawProbe(at: at)
                    lastProbe = nil
                }
                underWay = nil
            }
            let number = drop(Int.random(in: 0..<20, using: &generator))
            switch breaker.enter(number, at: at) {
            case .probe:
                #expect(underWay == nil)
                if let lastProbe { #expect(now - lastProbe >= .seconds(30)) }
                lastProbe = now
                underWay = number
                served.insert(number)
            case .wait: break
            case .go: Issue.record("it is open")
            }
        }
        #expect(served.count == 20)
    }
}
