import Delivery
import Inbox
import Model

/// What stands in a drop's way, and the words for it. Times are on the wall already.
extension WaitsFor {
    /// An admin, in whatever way.
    ///
    /// - Parameter pauses: as ``ServiceMonitor/State/pauses``.
    static func pause(of inbox: String, pauses: Set<String>, toDecide: String?) -> WaitsFor? {
        if let toDecide { return WaitsFor(.pause, "Everything is paused until an admin has decided: \(toDecide)") }
        if pauses.contains("") { return WaitsFor(.pause, "Everything is paused by an admin, until sluice resume.") }
        guard pauses.contains(inbox) else { return nil }
        let name = FileName.escaped(inbox.utf8)
        return WaitsFor(.pause, "Its inbox is paused by an admin, until sluice resume \(name).")
    }

    /// A file in an inbox.
    ///
    /// - Parameter timestamp: the time on the wall of a moment.
    static func file(_ wait: FileWait, _ timestamp: (Moment) -> Timestamp) -> WaitsFor {
        switch wait {
        case .settling(let until):
            WaitsFor(
                .settling, until: timestamp(until), "It is settling: it is taken when it has not changed until then.")
        case .unfinished(let until):
            WaitsFor(
                .settling, until: timestamp(until),
                "Its end looks like none, so its upload may go on: it is taken as it is when nothing came until then.")
        case .postponed(let until):
            WaitsFor(
                .settling, until: timestamp(until), "It could not be taken, as the log says; it is tried again then.")
        case .marker(let marker):
            WaitsFor(.ready, "Its marker \(marker) is not there: it is taken once that comes.")
        case .due:
            WaitsFor(.reading, "It is whole, and waits for a place among the drops of its inbox that are worked on.")
        }
    }

    /// - Parameter name: the other drop's, where both came to one inbox.
    static func turn(behind drop: DropID, name: FileName?, isSameContent: Bool = false) -> WaitsFor {
        let other = name.map { "\($0) (\(drop))" } ?? "the drop \(drop)"
        let words =
            isSameContent
            ? "The same content is on its way as \(other): it is decided once that has come to its end."
            : "Its turn comes once \(other) has come to its end, which came before it and is about the same records."
        return WaitsFor(.turn, behind: drop, words)
    }

    static func strictTurn(behind drop: DropID, name: FileName?) -> WaitsFor {
        let other = name.map { "\($0) (\(drop))" } ?? "the drop \(drop)"
        return WaitsFor(.turn, behind: drop, "Its inbox is strict, and \(other) is before it.")
    }

    static func orderWait(behind drop: DropID, name: FileName?, until: Timestamp) -> WaitsFor {
        let other = name.map { "\($0) (\(drop))" } ?? "The drop \(drop)"
        return WaitsFor(
            .orderWait, until: until, behind: drop,
            "\(other) was accepted, and may not be processed: it counts as processed when the API says so, else then.")
    }

    static func account(until: Timestamp?) -> WaitsFor {
        WaitsFor(
            .account, until: until,
            "The API does not know its account so far: it is sent again when a document about that is accepted, else "
                + "hourly, and fails where the account has not come until then.")
    }

    /// - Parameters:
    ///   - since: since when submission pauses.
    ///   - next: when the next probe may leave; `nil`: one is under way.
    static func outage(_ cause: Breaker.Cause, since: Timestamp?, next: Timestamp?) -> WaitsFor {
        let start = since.map { " since \($0)" } ?? ""
        let probe = next == nil ? "a probe is under way" : "the next probe leaves then"
        let words =
            switch cause {
            case .outage: "The API does not answer as it should\(start): submission pauses, and \(probe)."
            case .misconfigured:
                "The API refuses all requests\(start), as with wrong credentials, addresses or rights: submission pauses, "
                    + "and \(probe)."
            }
        return WaitsFor(.outage, until: next, words)
    }

    static func submission(
        _ stage: SubmissionStage, _ gates: DeliveryGates, outageSince: Timestamp?, tokenTrouble: String?,
        _ timestamp: (Moment) -> Timestamp
    ) -> WaitsFor {
        switch stage {
        case .answer: return WaitsFor(.answer, "A request is under way: the API has not answered so far.")
        case .processing:
            return WaitsFor(.processing, "It was accepted; whether the API processed it is asked again and again.")
        case .retry(let moment):
            return WaitsFor(.retry, until: timestamp(moment), "Its last attempt failed: the next one leaves then.")
        case .gates:
            if let cause = gates.outage {
                return outage(cause, since: outageSince, next: gates.nextProbe.map(timestamp))
            }
            if let tokenTrouble { return WaitsFor(.token, "No token can be had: \(tokenTrouble)") }
            if !gates.hasToken { return WaitsFor(.token, "A token is being fetched.") }
            switch gates.slot {
            case .go: return WaitsFor(.inFlight, "It waits for a place among the requests under way (limits.inFlight).")
            case .wait(let next?):
                return WaitsFor(
                    .rate, until: timestamp(next),
                    "It waits for a slot of limits.requestsPerMinute: the next is free then.")
            case .wait(nil):
                return WaitsFor(
                    .rate, "It waits for a slot of limits.requestsPerMinute: the next is free a minute after an answer."
                )
            }
        }
    }
}
