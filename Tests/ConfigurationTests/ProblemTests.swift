import SystemPackage
import Testing

@testable import SluiceConfiguration

/// A file and the lines it must be refused with.
struct Refusal: CustomTestStringConvertible {
    let yaml: String
    let lines: [String]
    let testDescription: String

    init(_ yaml: String, _ lines: String...) {
        self.yaml = yaml
        self.lines = lines.map { "sluice.yaml:" + $0 }
        testDescription = lines.first ?? ""
    }

    static func api(_ line: String, _ message: String) -> Refusal {
        Refusal(minimal(api: [line]), "\(apiLine):3: api.\(message)")
    }

    static func inbox(_ line: String, _ message: String) -> Refusal {
        Refusal(minimal(inbox: [line]), "\(inboxLine):5: inboxes[0].\(message)")
    }

    static func section(_ name: String, _ line: String, _ message: String) -> Refusal {
        Refusal(minimal("\(name):\n  \(line)\n"), "\(sectionLine + 1):3: \(name).\(message)")
    }

    static func alert(_ line: String, _ place: String, _ message: String) -> Refusal {
        Refusal(minimal("alerts:\n  - command: [tell]\n    \(line)\n"), "\(place): alerts[0].\(message)")
    }
}

@Suite struct ProblemTests {
    @Test(arguments: [
        Refusal.inbox(
            "settle: 1 sec", #"settle: "1 sec" is not a duration; write 500ms, 1s, 5m, 2h or 90d"#),
        .inbox("settle: 5", #"settle: "5" is not a duration; write 500ms, 1s, 5m, 2h or 90d"#),
        .inbox("settle: -1s", #"settle: "-1s" is not a duration; write 500ms, 1s, 5m, 2h or 90d"#),
        .inbox("settle: 1.5s", #"settle: "1.5s" is not a duration; write 500ms, 1s, 5m, 2h or 90d"#),
        .inbox("settle: 2d", "settle: 2d is too long; at most 1d is possible"),
        .inbox("settle: [1s]", "settle: is a list; a duration is expected"),
        .inbox("settle: {s: 1}", "settle: is a mapping; a duration is expected"),
        .inbox("settle:", "settle: has no value; a duration is expected (leave the key out for the default)"),
        .inbox("poll: 0s", "poll: 0s is too short; at least 100ms is possible"),
        .inbox("kind: acount", #"kind: "acount" is not auto, account, payment or claim; did you mean account?"#),
        .inbox("watch: off", #"watch: "off" is not auto, inotify or poll"#),
        .inbox("results: yes", #"results: "yes" is not plain or full"#),
        .inbox(
            "ready: done",
            #"ready: "done" is not a marker's name; write none, or {name} with something around it: "{name}.ready""#),
        .inbox(
            "ready: \"{name}\"",
            #"ready: "{name}" is not a marker's name; write none, or {name} with something around it: "{name}.ready""#),
        .inbox("ignore: ['a/b']", #"ignore: "a/b" is compared with names, which hold no slash"#),
        .inbox("ignore: '*.bak'", "ignore: is not a list; write globs in [brackets]"),
        .inbox("schema: {}", "schema: is empty; it needs json or xml"),
        .inbox("scope: ''", "scope: is empty"),
        .inbox("scope: \"a\\nb\"", "scope: holds a control character or a line end"),
    ])
    func whatIsWrongWithAnInboxIsToldWithItsPlace(refusal: Refusal) {
        #expect(complaints(refusal.yaml) == refusal.lines)
    }

    @Test(arguments: [
        Refusal(
            minimal(inbox: ["retention: {done: 90}"]),
            #"10:17: inboxes[0].retention.done: "90" is not a duration; write 12h, 90d or never"#),
        Refusal(
            minimal(inbox: ["retention: {failed: 0s}"]),
            "10:17: inboxes[0].retention.failed: 0s is too short; at least 1s is possible"),
        Refusal(
            minimal(inbox: ["ignore: ['*.bak', '*.bak']"]),
            #"10:23: inboxes[0].ignore[1]: "*.bak" is in the list twice"#),
        Refusal(minimal(inbox: ["expect: {}"]), "10:5: inboxes[0].expect.by: is missing"),
        Refusal(
            minimal(inbox: ["expect: {by: 7:00}"]),
            #"10:14: inboxes[0].expect.by: "7:00" is not a time of day; write "07:00""#),
        Refusal(
            minimal(inbox: ["expect: {by: \"24:00\"}"]),
            #"10:14: inboxes[0].expect.by: "24:00" is not a time of day; write "07:00""#),
        Refusal(
            minimal(inbox: ["attachments: {types: [.pdf]}"]),
            #"10:27: inboxes[0].attachments.types[0]: ".pdf" is not an extension; write letters and "#
                + #"digits without a dot: pdf"#
        ),
        Refusal(
            minimal(inbox: ["attachments: {types: [pdf, XML]}"]),
            #"10:32: inboxes[0].attachments.types[1]: "XML" is a document and cannot be an attachment"#),
        Refusal(
            minimal(inbox: ["attachments: {name: '{brand}{clientReferenceId}'}"]),
            #"10:19: inboxes[0].attachments.name: "{brand}{clientReferenceId}" needs a separator "#
                + #"between its fields: {brand}-{clientReferenceId}"#
        ),
        Refusal(
            minimal(inbox: ["attachments: {name: '{brand}'}"]),
            #"10:19: inboxes[0].attachments.name: "{brand}" needs {clientReferenceId}"#),
        Refusal(
            minimal(inbox: ["attachments: {name: '{brnd}-{clientReferenceId}'}"]),
            "10:19: inboxes[0].attachments.name: {brnd} is not {brand}, {portfolio} or "
                + "{clientReferenceId}; did you mean {brand}?"
        ),
        Refusal(
            minimal(inbox: ["attachments: {name: '{clientReferenceId}-{clientReferenceId}'}"]),
            #"10:19: inboxes[0].attachments.name: "{clientReferenceId}-{clientReferenceId}" has a field twice"#),
        Refusal(
            minimal(inbox: ["attachments: {name: '{clientReferenceId'}"]),
            #"10:19: inboxes[0].attachments.name: "{clientReferenceId" has a brace without its partner or a slash"#),
        Refusal(
            minimal(inbox: ["mapping: {A: x, B: x}"]),
            #"10:21: inboxes[0].mapping.B: "x" is already what A becomes"#),
        Refusal(minimal(inbox: ["set: {a: [1]}"]), "10:11: inboxes[0].set.a: is a list; a constant is expected"),
    ])
    func whatIsWrongWithinAnInboxesKeysIsToldWithItsPlace(refusal: Refusal) {
        #expect(complaints(refusal.yaml) == refusal.lines)
    }

    @Test(arguments: [
        Refusal.section("limits", "inFlight: 0", "inFlight: 0 is not possible; write 1 to 1000"),
        .section("limits", "inFlight: many", #"inFlight: "many" is not a whole number"#),
        .section("limits", "inFlight: \"8\"", #"inFlight: "8" is a text; write a whole number without quotes"#),
        .section("limits", "inFlight: 0x10", #"inFlight: "0x10" is not a whole number"#),
        .section(
            "limits", "inFlight: 99999999999999999999",
            "inFlight: 99999999999999999999 is not possible; write 1 to 1000"),
        .section(
            "limits", "requestsPerMinute: 0", "requestsPerMinute: 0 is not possible; write 1 to 1000000 or unlimited"),
        .section(
            "limits", "requestsPerMinute: none", #"requestsPerMinute: "none" is not a whole number and not unlimited"#),
        .section(
            "limits", "jsonBytes: 30 MB",
            #"jsonBytes: "30 MB" is not a size; write 30MB (30,000,000), 30MiB (31,457,280) or a number of bytes"#),
        .section("limits", "jsonBytes: 0", "jsonBytes: 0 is not possible; write 1 to 1GB"),
        .section("limits", "jsonBytes: 1001MB", "jsonBytes: 1001MB is not possible; write 1 to 1GB"),
        .section("limits", "memory: 1kB", "memory: 1kB is not possible; write 1MB to 1000GB"),
        .section("retry", "attempts: 0", "attempts: 0 is not possible; write 1 to 100"),
        .section("retry", "base: 2m", "base: cap (1m) must not be shorter than base (2m)"),
        .section("retry", "cap: 500ms", "cap: cap (500ms) must not be shorter than base (1s)"),
        .section("retry", "requeueAfterOutage: yes", #"requeueAfterOutage: "yes" is not true or false"#),
        .section("retry", "requeueAfterOutage: 'true'", #"requeueAfterOutage: "true" is not true or false"#),
        .section("breaker", "failures: -1", "failures: -1 is not possible; write 1 to 1000"),
        .section("breaker", "probe: 0s", "probe: 0s is too short; at least 1ms is possible"),
        .section("batching", "mode: on", #"mode: "on" is not none or backlog"#),
        .section("log", "format: jsn", #"format: "jsn" is not text or json; did you mean json?"#),
        .section(
            "log", "level: warn",
            #"level: "warn" is not trace, debug, info, notice, warning, error or critical"#),
        .section(
            "admin", "listen: 0.0.0.0:8080",
            #"listen: "0.0.0.0:8080" can be reached from other machines; that needs a token beside it"#),
        .section(
            "admin", "listen: '[::]:8080'",
            #"listen: "[::]:8080" can be reached from other machines; that needs a token beside it"#),
        .section("admin", "listen: 8080", #"listen: "8080" is not an address; write HOST:PORT, [::1]:PORT or none"#),
        .section(
            "admin", "listen: localhost:99999",
            #"listen: "localhost:99999" is not an address; write HOST:PORT, [::1]:PORT or none"#),
        .section(
            "admin", "listen: '::1:80'", #"listen: "::1:80" is not an address; write HOST:PORT, [::1]:PORT or none"#),
    ])
    func whatIsWrongWithASectionIsToldWithItsPlace(refusal: Refusal) {
        #expect(complaints(refusal.yaml) == refusal.lines)
    }

    @Test(arguments: [
        Refusal.api("timeout: 0s", "timeout: 0s is too short; at least 1ms is possible"),
        .api("confirm: queued", #"confirm: "queued" is not accepted or completed"#),
        Refusal(
            minimal(api: ["endpoints: {payment: {method: GET}}"]),
            #"7:25: api.endpoints.payment.method: "GET" is not PUT, POST or PATCH"#),
        Refusal(
            minimal(api: ["endpoints: {payment: {path: v1/payment}}"]),
            #"7:25: api.endpoints.payment.path: "v1/payment" is not a path; write /v1/account, "#
                + #"without host, query or spaces"#
        ),
        Refusal(
            minimal(api: ["status: {pending: [Done], completed: [Done]}"]),
            #"7:29: api.status.completed: "Done" cannot be both pending and completed"#),
        Refusal(
            minimal(api: ["status: {refused: []}"]), "7:12: api.status.refused: is an empty list; it needs status words"
        ),
    ])
    func whatIsWrongWithTheAPIIsToldWithItsPlace(refusal: Refusal) {
        #expect(complaints(refusal.yaml) == refusal.lines)
    }

    @Test(arguments: [
        Refusal.alert(
            "on: [outages]", "12:10",
            "on[0]: \"outages\" is not serverErrors, tokenFailure, rateLimited, rateNear, outage, misconfigured, "
                + "inboxUnavailable, ledgerUnwritable, diskFull, failedDrops or missingDrop; did you mean outage?"),
        .alert("on: []", "12:5", "on: is an empty list; it needs events"),
        .alert("on: [outage, outage]", "12:18", #"on[1]: "outage" is in the list twice"#),
        .alert(
            "thresholds: {rateNear: 5/5m}", "12:18",
            #"thresholds.rateNear: "5/5m" is not a threshold; write 90%/5m: so much of the limit within at most 1d"#),
        .alert(
            "thresholds: {failedDrops: 0/5m}", "12:18",
            #"thresholds.failedDrops: "0/5m" is not a threshold; write 5/5m: so many times within at most 1d"#),
        .alert(
            "thresholds: {failedDrops: 5}", "12:18",
            #"thresholds.failedDrops: "5" is not a threshold; write 5/5m: so many times within at most 1d"#),
        .alert(
            "thresholds: {outage: 5/5m}", "12:18",
            "thresholds.outage: unknown key; known here: serverErrors, tokenFailure, rateLimited, failedDrops, rateNear"
        ),
        .alert(
            "webhook: https://hooks.example.com/x", "11:5",
            "command: one alert has a webhook or a command; write two alerts for both"),
        Refusal(
            minimal("alerts:\n  - on: [outage]\n"),
            "11:5: alerts[0]: tells nobody; give it a webhook or a command"),
        Refusal(
            minimal("alerts:\n  - command: []\n"),
            "11:5: alerts[0].command: names no program; write [PROGRAM, ARGUMENT…]"),
        Refusal(
            minimal("alerts:\n  - webhook: hooks.example.com/x\n"),
            "11:5: alerts[0].webhook: is not a URL; write https://HOST/PATH"),
    ])
    func whatIsWrongWithAnAlertIsToldWithItsPlace(refusal: Refusal) {
        #expect(complaints(refusal.yaml) == refusal.lines)
    }
}
