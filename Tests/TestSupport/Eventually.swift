/// A fact that did not come true.
package struct NeverTrue: Error, CustomStringConvertible {
    package let fact: String
    package var description: String { "never true: \(fact)" }
}

/// Waits for a fact: looks often, and gives up only long after it should have come true.
package func eventually(
    _ fact: String, within limit: Duration = .seconds(60), _ isTrue: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while try await !isTrue() {
        if ContinuousClock.now > deadline { throw NeverTrue(fact: fact) }
        try await Task.sleep(for: .milliseconds(5))
    }
}
