import Model

extension DeliveryService {
    /// Other limits count from now on. What is under way goes on.
    package func change(requestsPerMinute: Int?, inFlight: Int) async {
        await gate.change(limit: requestsPerMinute)
        await ahead.change(places: DeliveryService.writtenDown(inFlight: inFlight))
        await turnstile.change(places: inFlight)
    }
}
