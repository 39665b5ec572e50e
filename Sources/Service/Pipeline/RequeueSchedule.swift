import Model

/// When failed drops are put back by themselves: at the end of an outage; where none was recognised, at the next success
/// or after 15 minutes (contract, section 4).
struct RequeueSchedule: Sendable {
    static let longest = Duration.seconds(15 * 60)

    /// When each is put back without a success, at the latest.
    private var waiting: [DropID: Moment] = [:]
    private var isPaused = false

    /// - Parameter age: how long ago it failed.
    mutating func wait(_ drop: DropID, age: Duration = .zero, at now: Moment) {
        waiting[drop] = now + max(.zero, RequeueSchedule.longest - max(.zero, age))
    }

    /// Submission pauses by itself: nothing is put back before it goes on.
    mutating func pause() {
        isPaused = true
    }

    /// - Returns: the drops to put back.
    mutating func goOn() -> [DropID] {
        isPaused = false
        return take { _ in true }
    }

    /// The API accepted something.
    ///
    /// - Returns: the drops to put back.
    mutating func succeed() -> [DropID] {
        isPaused ? [] : take { _ in true }
    }

    /// - Returns: the drops to put back by now.
    mutating func due(at now: Moment) -> [DropID] {
        isPaused ? [] : take { $0 <= now }
    }

    /// When to ask again; `nil`: not before something happens.
    var next: Moment? { isPaused ? nil : waiting.values.min() }

    private mutating func take(where isDue: (Moment) -> Bool) -> [DropID] {
        let due = waiting.filter { isDue($0.value) }.keys
        for drop in due { waiting[drop] = nil }
        // Their identifiers begin with the time.
        return due.sorted { $0.text < $1.text }
    }
}
