import Delivery
import SluiceConfiguration

/// The configuration that is in effect, and the way to another one.
actor ReloadDesk {
    private(set) var configuration: Configuration
    private let supervisor: InboxSupervisor
    /// There once the service runs.
    private(set) var delivery: DeliveryService?

    init(_ configuration: Configuration, supervisor: InboxSupervisor) {
        self.configuration = configuration
        self.supervisor = supervisor
    }

    /// The limits in effect count for `delivery` from now on.
    func attach(_ delivery: DeliveryService) async {
        self.delivery = delivery
        await delivery.change(
            requestsPerMinute: configuration.limits.requestsPerMinute, inFlight: configuration.limits.inFlight)
    }

    /// Puts a configuration into effect as far as a running service can.
    ///
    /// - Throws: ``CannotStart`` where a schema cannot be used; nothing has changed then.
    func reload(_ new: Configuration) async throws(CannotStart) -> Reload {
        let adoption = configuration.adopting(new)
        let templates = try InboxTemplate.all(of: adoption.configuration)
        configuration = adoption.configuration
        let limits = adoption.configuration.limits
        await delivery?.change(requestsPerMinute: limits.requestsPerMinute, inFlight: limits.inFlight)
        let changes = await supervisor.reload(templates)
        return Reload(inboxes: changes, changedKeys: adoption.changedKeys, restartKeys: adoption.restartKeys)
    }
}
