import ArgumentParser
import FileSystem
import Ledger
import Model
import Service
import SluiceConfiguration

struct BackupCommand: AdministrationCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Copy the ledger as it is at this moment, while the service runs.",
        discussion: "Exit status: 0; 69 if it cannot be written. The file must not be there.")

    @OptionGroup var option: ConfigurationOption

    @Argument(help: "The copy.", completion: .file()) var file: PathArgument

    func run(with configuration: SluiceConfiguration.Configuration) async throws {
        let ledger = try Administration(configuration).ledger
        guard try FileStatus.ofEntry(at: file.path) == nil else {
            Output.error("sluice: \(file) is there already; a backup overwrites nothing")
            throw Exit.cannotStart
        }
        do {
            try ledger.backup(to: file.path, at: SystemTime().timestamp)
        } catch {
            Output.error("sluice: the backup cannot be written: \(error)")
            throw Exit.cannotStart
        }
        Output.line("\(file): a copy of the ledger in \(configuration.state)")
    }
}
