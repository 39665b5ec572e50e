import Model

extension DeliveryService {
    /// Other limits count from now on. What is under way goes on.
    package func change(requestsPerMinute: Int?, inFlight: Int) async {
        await gate.change(limit: requestsPerMinute)
        await ahead.change(places: DeliveryService.writtenDown(inFlight: inFlight))
        await turnstile.change(places: inFlight)
    }
}

extension Throttle {
    /// Another limit counts from now on. Where there was none, nobody counted what left: the window begins anew, with
    /// nothing in it, once what the API may still count is over.
    package mutating func change(limit new: Int?, at now: Moment) {
        if limit == nil && new != nil { stop(until: now + Throttle.window) }
        limit = new
    }
}
