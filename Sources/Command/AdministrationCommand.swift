import ArgumentParser
import FileSystem
import Ledger
import Service
import SluiceConfiguration

/// A command that looks into the ledger or writes to it, as the user whom the state folder belongs to.
protocol AdministrationCommand: AsyncParsableCommand {
    var option: ConfigurationOption { get }

    /// What it does.
    ///
    /// - Throws: `Exit`, which was told; whatever is in its way, the ledger or a folder, which is not.
    func run(with configuration: SluiceConfiguration.Configuration) async throws
}

extension AdministrationCommand {
    /// - Throws: exit status 78 for a bad configuration, 69 where something of this machine is in the way, or its own.
    func run() async throws {
        let configuration = try option.load()
        try StateOwner.takeOn(configuration.state)
        do {
            try await run(with: configuration)
        } catch let status as ExitCode {
            throw status
        } catch {
            Output.error("sluice: \(Self.words(for: error, configuration))")
            throw Exit.cannotStart
        }
    }

    private static func words(for error: any Error, _ configuration: SluiceConfiguration.Configuration) -> String {
        switch error {
        case is LedgerReader.Missing:
            "there is no ledger in \(configuration.state): no service has run with this configuration"
        case is SystemCallError: "\(error)"
        default: "the ledger in \(configuration.state) cannot be used: \(error)"
        }
    }
}

extension Administration {
    /// - Returns: `nil` where no service has run so far.
    static func found(_ configuration: SluiceConfiguration.Configuration) throws -> Administration? {
        do {
            return try Administration(configuration)
        } catch is LedgerReader.Missing {
            return nil
        }
    }
}
