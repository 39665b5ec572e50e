import Model

/// The one gate that every request passes, whatever it is for.
package actor ThrottleGate {
    private var throttle: Throttle
    private let time: any TimeSource
    private var nextRequest: Int64 = 0
    private var waiting: [CheckedContinuation<Void, Never>] = []
    /// Those who know until when to wait, as long as the limit stays.
    private var naps: [Int64: Task<Void, any Error>] = [:]

    package init(_ throttle: Throttle, time: any TimeSource) {
        self.throttle = throttle
        self.time = time
    }

    /// How many slots are taken now, and of how many.
    package var usage: (used: Int, limit: Int?) {
        (throttle.used(at: time.moment), throttle.limit)
    }

    /// Whether another request would find a slot now.
    package var nextSlot: Throttle.Answer { throttle.next(at: time.moment) }

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
                await nap(request, until: until)
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

    /// Nobody passes before `moment`, and then they pass more slowly, for the API said to a request that left at
    /// `left` that there are too many.
    package func slowDown(until moment: Moment, leftAt left: Moment) {
        throttle.slowDown(until: moment, leftAt: left, at: time.moment)
    }

    /// Another limit counts from now on; `nil`: none.
    package func change(limit: Int?) {
        guard limit != throttle.limit else { return }
        throttle.change(limit: limit, at: time.moment)
        wakeAll()
        for nap in naps.values { nap.cancel() }
    }

    /// Returns at `deadline`, at another limit, or when the task is cancelled.
    private func nap(_ request: Int64, until deadline: Moment) async {
        let nap = Task { [time] in try await time.sleep(until: deadline) }
        naps[request] = nap
        defer { naps[request] = nil }
        _ = await withTaskCancellationHandler {
            await nap.result
        } onCancel: {
            nap.cancel()
        }
    }

    /// Those who wait look again; whoever finds no slot now knows until when to sleep.
    private func wakeAll() {
        let woken = waiting
        waiting = []
        for continuation in woken { continuation.resume() }
    }
}
