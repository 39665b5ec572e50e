import Model

/// Lets every inbox remove what is to go, now and then.
struct RetentionWatch: Sendable {
    let time: any TimeSource
    let report: @Sendable (ServiceEvent) -> Void

    /// After the start, when whoever waits for the service has what he came for.
    private static let first = Duration.seconds(5)
    /// Sooner where drops are kept for less.
    private static let longestPause = Duration.seconds(3600)
    private static let shortestPause = Duration.seconds(1)

    /// Runs until it is cancelled.
    func run(_ pipelines: @Sendable () async -> [InboxPipeline]) async {
        do {
            try await time.sleep(for: RetentionWatch.first)
            while true {
                let all = await pipelines()
                for pipeline in all where pipeline.isAtWork { try await tend(pipeline) }
                let shortest = all.compactMap(\.settings.shortestRetention).min() ?? RetentionWatch.longestPause
                try await time.sleep(
                    for: max(RetentionWatch.shortestPause, min(shortest, RetentionWatch.longestPause)))
            }
        } catch {
            // Only a stop of the service ends up here.
        }
    }

    /// - Throws: `CancellationError`. What is in the way of old files is in nobody else's: another round comes.
    private func tend(_ pipeline: InboxPipeline) async throws {
        do {
            try await pipeline.removeExpired()
        } catch let error as CancellationError {
            throw error
        } catch {
            report(.notRemoving(inbox: pipeline.settings.name, message: "\(error)"))
        }
    }
}
