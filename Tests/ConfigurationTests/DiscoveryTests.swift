import SystemPackage
import Testing

@testable import SluiceConfiguration

@Suite struct DiscoveryTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try folder.write(minimal("log: {level: trace}\n"), to: "explicit.yaml")
        try folder.write(minimal("log: {level: debug}\n"), to: "environment.yaml")
    }

    private func load(
        _ explicit: FilePath? = nil, environment: [String: String] = [:]
    ) throws(ConfigurationError) -> Configuration {
        try Configuration.load(
            explicit: explicit, environment: environment, currentDirectory: folder.path,
            systemFile: folder.path.appending("system.yaml"))
    }

    @Test func theFirstOfTheFourPlacesCounts() throws {
        let environment = ["SLUICE_CONFIG": folder.path.appending("environment.yaml").string]
        try folder.write(minimal("log: {level: error}\n"), to: "system.yaml")
        #expect(try load().log.level == .error)
        try folder.write(minimal("log: {level: notice}\n"), to: "sluice.yaml")
        #expect(try load().log.level == .notice)
        #expect(try load(environment: ["SLUICE_CONFIG": ""]).log.level == .notice)
        #expect(try load(environment: environment).log.level == .debug)
        let explicit = try load("explicit.yaml", environment: environment)
        #expect(explicit.log.level == .trace)
        #expect(explicit.source == folder.path.appending("explicit.yaml"))
    }

    @Test func aFileThatIsNamedMustExist() throws {
        try folder.write(minimal(), to: "sluice.yaml")
        let missing = folder.path.appending("missing.yaml")
        #expect(
            message { () throws(ConfigurationError) in try load("missing.yaml") } == "\(missing): there is no such file"
        )
        #expect(
            message { () throws(ConfigurationError) in try load(environment: ["SLUICE_CONFIG": missing.string]) }
                == "\(missing): there is no such file; $SLUICE_CONFIG names it")
    }

    @Test func whereNoFileIsTheErrorTellsWhereItWasLookedFor() {
        #expect(
            message { () throws(ConfigurationError) in try load() }
                == "\(folder.path)/sluice.yaml: there is no such file, nor \(folder.path)/system.yaml; "
                + "write one, or name one with --config")
    }

    @Test func aFolderIsNoFile() {
        #expect(
            message { () throws(ConfigurationError) in try load(".") }
                == "\(folder.path): cannot be read: read: Is a directory")
    }

    @Test func aFileThatIsNotUTF8IsRefusedWithItsLine() throws {
        try folder.write(Array("a: 1\nb: ".utf8) + [0xE9, 0x0A], to: "latin.yaml")
        #expect(
            message { () throws(ConfigurationError) in try load("latin.yaml") }
                == "\(folder.path)/latin.yaml:2:1: this line is not UTF-8")
    }

    @Test func aFileMuchTooLargeIsNotRead() {
        #expect(
            message { () throws(ConfigurationError) in try load("/dev/zero") } == "/dev/zero: is over 4000000 bytes")
    }

    private func message(_ body: () throws(ConfigurationError) -> Configuration) -> String? {
        do throws(ConfigurationError) {
            _ = try body()
            return nil
        } catch {
            return error.description
        }
    }
}
