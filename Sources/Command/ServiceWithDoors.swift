import Service
import ServiceLifecycle

/// The service, and those through which people and programs ask it. A signal reaches them all at once: a service group
/// would end one after the other, and the service's own end would wait for the slowest reader of a page.
struct ServiceWithDoors: ServiceLifecycle.Service {
    let service: SluiceService
    let doors: [any ServiceLifecycle.Service]

    /// Until the service ends. A door that cannot be opened has told so, and is nothing that drops wait for.
    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for door in doors { group.addTask { try? await door.run() } }
            try await service.run()
            group.cancelAll()
        }
    }
}
