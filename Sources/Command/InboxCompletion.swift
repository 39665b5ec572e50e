import ArgumentParser
import FileSystem
import Foundation
import Service
import SluiceConfiguration
import SystemPackage

extension CompletionKind {
    /// The names of the configured inboxes; what globs find among them.
    static let inboxes = CompletionKind.custom { words, _, _ in inboxNames(words) }

    /// - Parameter words: the command line so far, whose `--config` counts. Without a good configuration there is nothing
    ///   to offer.
    private static func inboxNames(_ words: [String]) -> [String] {
        let after = words.firstIndex(of: "--config").map { words.index(after: $0) }
        let path = after.flatMap { $0 < words.endIndex ? PathArgument(argument: words[$0]).path : nil }
        let configuration = try? Configuration.load(
            explicit: path, environment: ProcessInfo.processInfo.environment,
            currentDirectory: .workingDirectory)
        return configuration?.expandedInboxes().map(\.name) ?? []
    }
}
