import SystemPackage
import Testing

@testable import SluiceConfiguration

@Suite struct ValueTests {
    @Test(arguments: [
        ("0s", Duration.zero), ("500ms", .milliseconds(500)), ("1s", .seconds(1)), ("5m", .seconds(300)),
        ("2h", .seconds(7200)), ("90d", .seconds(7_776_000)),
    ])
    func aDurationIsReadExactlyAndWrittenTheSame(text: String, duration: Duration) throws {
        #expect(Duration(text: text) == duration)
        #expect(text == "0s" || duration.shortText == text)
    }

    @Test(arguments: [
        "", "1", "s", "1 s", " 1s", "1S", "1sec", "+1s", "-1s", "1.5h", "1h30m", "1w", "٣s", "99999999999999999999s",
    ])
    func whatIsNoDurationIsNone(text: String) {
        #expect(Duration(text: text) == nil)
    }

    @Test(arguments: ["ms", "s", "m", "h", "d"]) func aDurationThatIsFarTooLongIsAnError(unit: String) throws {
        for count in ["9999999999999999999", "999999999999999999", "9223372036854775807", "9223372036854775"] {
            let file = minimal(inbox: ["settle: \(count)\(unit)"])
            #expect(throws: (any Error).self) { try parse(file) }
        }
    }

    @Test(arguments: [
        ("512", 512), ("512B", 512), ("30MB", 30_000_000), ("30MiB", 31_457_280), ("1kB", 1000), ("1KB", 1000),
        ("1KiB", 1024), ("2GB", 2_000_000_000), ("2GiB", 2_147_483_648),
    ])
    func aSizeIsReadExactly(text: String, bytes: Int) throws {
        #expect(ByteCount(text: text)?.bytes == bytes)
        #expect(ByteCount(text: try #require(ByteCount(text: text)).description)?.bytes == bytes)
    }

    @Test(arguments: [
        "", "MB", "30 MB", "30mb", "30M", "1.5MB", "-1", "+1", "1TB", "9223372036854775808", "9223372036854775807GB",
    ])
    func whatIsNoSizeIsNone(text: String) {
        #expect(ByteCount(text: text) == nil)
    }

    @Test(arguments: [
        ("ACME", Configuration.Inbox.Constant.string("ACME")), ("'7'", .string("7")), ("\"true\"", .string("true")),
        ("7", .number("7")), ("-0.10", .number("-0.10")), ("1e2", .number("1e2")),
        ("9007199254740993", .number("9007199254740993")), ("true", .bool(true)), ("false", .bool(false)),
        ("null", .null), ("~", .null), ("", .null), ("no", .string("no")), ("off", .string("off")),
        ("07:00", .string("07:00")), ("0x1F", .string("0x1F")), ("007", .string("007")), ("1_000", .string("1_000")),
        ("+1", .string("+1")), (".5", .string(".5")), ("2026-11-24", .string("2026-11-24")), ("''", .string("")),
        (".inf", .string(".inf")), ("yes", .string("yes")),
    ])
    func aConstantHasTheTypeThatJSONWouldGiveIt(text: String, constant: Configuration.Inbox.Constant) throws {
        let configuration = try parse(minimal(inbox: ["set:", "  field: \(text)"]))
        #expect(configuration.inboxes[0].set == ["field": constant])
    }

    @Test(
        arguments: [
            ("limits: {requestsPerMinute: unlimited}", nil), ("limits: {requestsPerMinute: 60}", 60),
            ("limits: {}", 1000),
        ] as [(String, Int?)])
    func unlimitedSwitchesTheThrottleOff(section: String, expected: Int?) throws {
        #expect(try parse(minimal(section)).limits.requestsPerMinute == expected)
    }

    @Test(
        arguments: [
            ("none", nil), ("{}", .init(host: "127.0.0.1", port: 8080)),
            ("localhost:0", .init(host: "localhost", port: 0)), ("'[::1]:9000'", .init(host: "::1", port: 9000)),
            ("127.9.9.9:1", .init(host: "127.9.9.9", port: 1)),
        ] as [(String, Configuration.ListenAddress?)])
    func theAdminServerListensWhereItIsTold(listen: String, address: Configuration.ListenAddress?) throws {
        let section = listen == "{}" ? "admin: {}" : "admin: {listen: \(listen)}"
        #expect(try parse(minimal(section)).admin?.listen == address)
    }

    @Test func wordsThatYAMLReadsAsSomethingElseAreTakenAsWritten() throws {
        let inbox = try #require(
            try parse(
                minimal(inbox: [
                    "expect: {by: 07:00}", "ready: none", "ordering: none", "scope: no", "mapping: {on: off, 1: y}",
                    "retention: {done: never}",
                ])
            ).inboxes.first)
        #expect(inbox.expect == .init(hour: 7, minute: 0))
        #expect(inbox.ready == nil)
        #expect(inbox.ordering == .none)
        #expect(inbox.scope == "no")
        #expect(inbox.mapping == ["on": "off", "1": "y"])
        #expect(inbox.retention.done == nil)
    }

    @Test func relativePathsStartAtTheFoldersFile() throws {
        let configuration = try parse(
            minimal(api: ["ca: tls/ca.pem"], inbox: ["done: ./filed", "schema: {json: ../s.json}"], "state: var\n"))
        #expect(configuration.api.ca == "/etc/sluice/tls/ca.pem")
        #expect(configuration.state == "/etc/sluice/var")
        #expect(configuration.inboxes[0].done == "/etc/sluice/filed")
        #expect(configuration.inboxes[0].schemaJSON == "/etc/s.json")
    }

    @Test(
        arguments: [
            (["STATE_DIRECTORY": "/var/lib/sluice"], "/var/lib/sluice"),
            (["STATE_DIRECTORY": "/var/lib/a:/var/lib/b"], "/var/lib/a"),
            (["STATE_DIRECTORY": ""], "/run/here/.sluice"),
            ([:], "/run/here/.sluice"),
        ] as [([String: String], FilePath)])
    func theStateDirectoryIsTheOneOfSystemdElseLocal(environment: [String: String], state: FilePath) throws {
        let configuration = try Configuration.parse(
            minimal(), file: "/etc/sluice/sluice.yaml", environment: environment, currentDirectory: "/run/here")
        #expect(configuration.state == state)
    }
}
