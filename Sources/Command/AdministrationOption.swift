import ArgumentParser
import Foundation
import Ledger
import Service
import SluiceConfiguration
import SystemPackage

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// `--config` for the commands that look into the ledger.
struct AdministrationOption: ParsableArguments {
    @OptionGroup var option: ConfigurationOption

    /// Opens the ledger, as the user whom the state folder belongs to.
    ///
    /// - Throws: exit status 78 for a bad configuration, 69 where the ledger cannot be read.
    func open() throws -> Administration {
        let configuration = try option.load()
        guard let administration = try open(configuration) else {
            Output.error(
                "sluice: there is no ledger in \(configuration.state): no service has run with this configuration")
            throw Exit.cannotStart
        }
        return administration
    }

    /// - Returns: `nil` where no service has run so far.
    func open(_ configuration: Configuration) throws -> Administration? {
        try StateOwner.takeOn(configuration.state)
        do {
            return try Administration(configuration)
        } catch is LedgerReader.Missing {
            return nil
        } catch {
            Output.error("sluice: the ledger in \(configuration.state) cannot be read: \(error)")
            throw Exit.cannotStart
        }
    }
}

/// As root, a command becomes the user that owns the state folder before it touches anything: what it writes belongs to
/// the service (contract, section 9).
enum StateOwner {
    static func takeOn(_ state: FilePath) throws {
        guard geteuid() == 0 else { return }
        var status = stat()
        guard state.withPlatformString({ stat($0, &status) }) == 0, status.st_uid != 0 else { return }
        let name = getpwuid(status.st_uid).map { String(cString: $0.pointee.pw_name) }
        let groups = name.map { initgroups($0, status.st_gid) } ?? setgroups(0, nil)
        guard groups == 0, setgid(status.st_gid) == 0, setuid(status.st_uid) == 0 else {
            Output.error(
                "sluice: cannot become the user \(status.st_uid), whom \(state) belongs to: \(Errno(rawValue: errno))")
            throw Exit.cannotStart
        }
    }
}

extension SharedState {
    /// The ledger for a command that writes to it.
    ///
    /// - Throws: ``Exit/cannotStart``, where it cannot be opened, which is told.
    static func openLedgerOrExit(_ configuration: SluiceConfiguration.Configuration) throws -> Ledger {
        do {
            return try openLedger(configuration)
        } catch {
            Output.error("sluice: the ledger in \(configuration.state) cannot be opened: \(error)")
            throw Exit.cannotStart
        }
    }
}
