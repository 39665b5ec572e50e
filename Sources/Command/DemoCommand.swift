import ArgumentParser
import Foundation
import Logging
import Model
import Sandbox
import Service
import SluiceConfiguration
import Synchronization
import SystemPackage
import UnixSignals

struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo", abstract: "See what happens to good and bad drops, in a temporary folder.",
        discussion: """
            Starts a stand-in for the API and the service over real sockets and folders, drops the sample files, and \
            shows what becomes of each.
            """)

    @Option(help: "The folder with the sample drops, a folder a sender.", completion: .directory)
    var samples: PathArgument?

    @Flag(help: "Keep the temporary folder.")
    var keep = false

    func run() async throws {
        guard let samples = samples?.path ?? SharedFiles.find("inbox") else {
            Output.error("sluice: the sample drops are not installed; name their folder with --samples")
            throw Exit.cannotStart
        }
        let stage = try DemoStage(samples: samples)
        let result: Result<Void, any Error>
        do {
            try await untilInterrupted { try await play(on: stage) }
            result = .success(())
        } catch {
            result = .failure(error)
        }
        if keep {
            Output.line("\nThe folder is kept: \(stage.root.path)")
        } else {
            try stage.remove()
            Output.line("\nThe folder is removed; --keep keeps it.")
        }
        do {
            try result.get()
        } catch let error as CannotStart {
            Output.error("sluice: \(error)")
            throw Exit.cannotStart
        }
    }

    private func play(on stage: DemoStage) async throws {
        try await Sandbox.withServer { _, address in
            let configuration = try stage.writeConfiguration(apiURL: address.apiURL, tokenURL: address.tokenURL)
            Output.line(Output.colored("Sluice demo", .bold))
            Output.line("  stand-in for the API   \(address.baseURL)")
            Output.line("  configuration          \(stage.configurationFile.path)")
            Output.line("  senders                \(stage.senders.joined(separator: ", "))\n")
            let results = try await DemoRun(stage: stage, configuration: configuration).run()
            stage.printTree()
            stage.printOneFailure(of: results)
        }
    }

    /// Ctrl-C ends the demo as its end does: nothing is left behind.
    private func untilInterrupted(_ body: @escaping @Sendable () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await body()
                return true
            }
            group.addTask {
                for await _ in await UnixSignalsSequence(trapping: .sigint, .sigterm) { return false }
                return true
            }
            let isFinished = try await group.next() ?? true
            group.cancelAll()
            if !isFinished { throw ExitCode(130) }
        }
    }
}

/// Runs the service on the stage, drops every sample, and waits until all are filed.
private struct DemoRun: Sendable {
    let stage: DemoStage
    let configuration: Configuration

    func run() async throws -> [DropResult] {
        let (filed, continuation) = AsyncStream.makeStream(of: DropResult.self)
        let log = EventLog(try stage.makeLogger())
        let service = try SluiceService(
            configuration,
            SluiceService.Options(version: Sluice.version, environment: DemoStage.environment)
        ) { event in
            log.log(event)
            if case .filed(let result, _) = event { continuation.yield(result) }
        }
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await service.run() }
            let count = try stage.dropSamples()
            var results: [DropResult] = []
            for await result in filed {
                DemoStage.printLine(result)
                results.append(result)
                if results.count == count { break }
            }
            group.cancelAll()
            return results
        }
    }
}
