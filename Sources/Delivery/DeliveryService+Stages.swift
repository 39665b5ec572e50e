import Model

/// Where a drop is between being given to the delivery and its last answer.
package enum SubmissionStage: Sendable, Hashable {
    /// Before the gates that every request passes: pause, breaker, place, token, slot.
    case gates
    /// Its request has left.
    case answer
    /// Before its next attempt.
    case retry(at: Moment)
    /// It was accepted, and the API is asked whether it was processed.
    case processing
}

/// How the gates stand that every request passes.
package struct DeliveryGates: Sendable, Hashable {
    /// Why submission pauses by itself; `nil`: it does not.
    package var outage: Breaker.Cause?
    /// When the next probe may leave; `nil`: there is no pause, or a probe is under way.
    package var nextProbe: Moment?
    /// Whether there is a good token.
    package var hasToken: Bool
    /// Whether another request would find a slot now.
    package var slot: Throttle.Answer

    package init(outage: Breaker.Cause? = nil, nextProbe: Moment? = nil, hasToken: Bool = true, slot: Throttle.Answer) {
        self.outage = outage
        self.nextProbe = nextProbe
        self.hasToken = hasToken
        self.slot = slot
    }
}

extension DeliveryService {
    /// - Returns: `nil` for a drop that it was not given.
    package func stage(of drop: DropID) -> SubmissionStage? { stages[drop] }

    package var gates: DeliveryGates {
        get async {
            DeliveryGates(
                outage: await breaker.cause, nextProbe: await breaker.nextProbe, hasToken: await tokens.usable != nil,
                slot: await gate.nextSlot)
        }
    }
}
