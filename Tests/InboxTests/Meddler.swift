import Model
import Synchronization

/// A clock at one of whose readings something happens.
final class Meddler: TimeSource {
    private let clock: any TimeSource
    private let count = Atomic(0)
    private let step: Int
    private let meddle: @Sendable () -> Void

    init(at step: Int, on clock: any TimeSource = SystemTime(), _ meddle: @escaping @Sendable () -> Void) {
        (self.step, self.clock, self.meddle) = (step, clock, meddle)
    }

    var moment: Moment {
        read()
        return clock.moment
    }

    var timestamp: Timestamp {
        read()
        return clock.timestamp
    }

    func sleep(until deadline: Moment) async throws { try await clock.sleep(until: deadline) }

    private func read() {
        if count.wrappingAdd(1, ordering: .relaxed).newValue == step { meddle() }
    }
}
