import Model

/// The one gate that every request passes, whatever it is for.
package actor ThrottleGate {
    private var throttle: Throttle
    private let time: any TimeSource
    private var nextRequest: Int64 = 0
    private var waiting: [CheckedContinuation<Void, Never>] = []

    package init(_ throttle: Throttle, time: any TimeSource) {
        self.throttle = throttle
        self.time = time
    }

    /// How many slots are taken now, and of how many.
    package var usage: (used: Int, limit: Int?) {
        (throttle.used(at: time.moment), throttle.limit)
    }

    /// Waits for a slot.
    ///
    /// - Returns: what ``leave(_:)`` wants back.
    /// - Throws: `CancellationError`.
    package func pass() async throws -> Int64 {
        nextRequest += 1
        let request = nextRequest
        while true {
            try Task.checkCancellation()
            switch throttle.take(request, at: time.moment) {
            case .go:
                return request
            case .wait(let until?):
                try await time.sleep(until: until)
            case .wait(nil):
                await withCheckedContinuation { waiting.append($0) }
            }
        }
    }

    /// The answer has ended.
    package func leave(_ request: Int64) {
        throttle.end(request, at: time.moment)
        wakeAll()
    }

    /// The request never left.
    package func turnBack(_ request: Int64) {
        throttle.giveBack(request)
        wakeAll()
    }

    /// Nobody passes before `moment`.
    package func stop(until moment: Moment) {
        throttle.stop(until: moment)
    }

    /// Another limit counts from now on; `nil`: none.
    package func change(limit: Int?) {
        guard limit != throttle.limit else { return }
        throttle.change(limit: limit, at: time.moment)
        wakeAll()
    }

    /// Those who wait look again; whoever finds no slot now knows until when to sleep.
    private func wakeAll() {
        let woken = waiting
        waiting = []
        for continuation in woken { continuation.resume() }
    }
}
