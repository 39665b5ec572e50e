import ArgumentParser
import FileSystem
import Foundation
import Model
import SluiceConfiguration
import SystemPackage

/// `--config`, and how the file is found and read.
struct ConfigurationOption: ParsableArguments {
    @Option(name: .customLong("config"), help: "The configuration file.", completion: .file(extensions: ["yaml"]))
    var path: PathArgument?

    /// Reads the configuration, and prints every problem where there are any.
    ///
    /// - Throws: exit status 78.
    func load() throws -> Configuration {
        if let problem = KillPoint.problem(in: ProcessInfo.processInfo.environment) {
            Output.error("sluice: \(problem)")
            throw Exit.badConfiguration
        }
        do {
            return try read()
        } catch {
            for problem in error.problems { Output.error(problem.description) }
            throw Exit.badConfiguration
        }
    }

    func read() throws(ConfigurationError) -> Configuration {
        try Configuration.load(
            explicit: path?.path, environment: ProcessInfo.processInfo.environment,
            currentDirectory: .workingDirectory)
    }
}
