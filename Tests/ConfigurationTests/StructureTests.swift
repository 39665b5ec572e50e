import SystemPackage
import Testing

@testable import SluiceConfiguration

@Suite struct StructureTests {
    @Test(arguments: [
        Refusal("", "1:1: is empty; it needs api and inboxes"),
        Refusal("# nothing\n", "1:1: is empty; it needs api and inboxes"),
        Refusal(
            "[a]\n",
            "1:1: is a list; a mapping with state, schemas, api, limits, retry, breaker, batching, log, "
                + "admin, alerts or inboxes is expected"),
    ])
    func aFileThatIsNoMappingIsRefused(refusal: Refusal) {
        #expect(complaints(refusal.yaml) == refusal.lines)
    }

    @Test(arguments: [
        Refusal(
            "api:\n  url: [a\ninboxes: b\n",
            "3:8: not YAML: did not find expected ',' or ']' (while parsing a flow sequence that began in line 2)"),
        Refusal(
            "api:\n\turl: x\n",
            "2:1: not YAML: found character that cannot start any token (while scanning for the next "
                + "token that began in line 2)"
        ),
        Refusal(
            "api: 'x\n",
            "2:1: not YAML: found unexpected end of stream (while scanning a quoted scalar that began in line 1)"),
        Refusal("a: 1\nb: *nobody\n", "2:4: not YAML: found undefined alias"),
        Refusal(
            "a: 1\n---\nb: 1\n", "2:1: not YAML: expected a single document in the stream, but found another document"),
        Refusal("a: 1\nbc: \u{1}\n", "2:5: not YAML: control characters are not allowed"),
    ])
    func aSyntaxErrorIsToldWithItsPlace(refusal: Refusal) {
        #expect(complaints(refusal.yaml) == refusal.lines)
    }

    @Test(arguments: [
        Refusal("limits: {}\n", "1:1: api: is missing", "1:1: inboxes: is missing"),
        Refusal(
            "api: {}\ninboxes: []\n", "1:1: api.url: is missing", "1:1: api.tokenURL: is missing",
            "1:1: api.audience: is missing", "1:1: api.clientID: is missing", "1:1: api.clientSecret: is missing",
            "2:1: inboxes: is an empty list; it needs at least one inbox"),
        Refusal(
            minimal("  - kind: auto\n"), "10:5: inboxes[1].name: is missing", "10:5: inboxes[1].path: is missing"),
    ])
    func whatIsMissingIsNamed(refusal: Refusal) {
        #expect(complaints(refusal.yaml) == refusal.lines)
    }

    @Test(arguments: [
        Refusal(
            minimal("log: {}\nretry: {attempts: 2, attempts: 3}\nlog: {}\n\"log\": {}\n"),
            "11:22: retry.attempts: is set twice; it is already in line 11",
            "12:1: log: is set twice; it is already in line 10", "13:1: log: is set twice; it is already in line 10"),
        Refusal(
            minimal(inbox: ["set: {é: 1, b: 2, 'é': 3}"]),
            "10:23: inboxes[0].set.é: is set twice; it is already in line 10"),
        Refusal(
            minimal("  - {name: erp2, path: /srv/b/in, name: erp3}\n"),
            "10:35: inboxes[1].name: is set twice; it is already in line 10"),
        Refusal(
            minimal("admin:\r\n  listen: none\r\n  listen: none\r\n"),
            "12:3: admin.listen: is set twice; it is already in line 11"),
    ])
    func everyDuplicateKeyIsFound(refusal: Refusal) {
        #expect(complaints(refusal.yaml) == refusal.lines)
    }

    @Test func allProblemsAreToldAtOnceInTheOrderOfTheFile() {
        let yaml = """
            limits: {inFlight: 0, inFlght: 1}
            api:
              url: http://api.example.com
              audience: x
              clientID: sluice
              clientSecret: {env: A}
            retry: {attempts: three}
            inboxes:
              - name: a
                path: /srv/a/inbox
                settle: soon
                kind: unknown
            """
        #expect(
            complaints(yaml) == [
                "sluice.yaml:1:10: limits.inFlight: 0 is not possible; write 1 to 1000",
                "sluice.yaml:1:23: limits.inFlght: unknown key; did you mean inFlight?",
                "sluice.yaml:2:1: api.tokenURL: is missing",
                "sluice.yaml:3:3: api.url: http would send the token and the documents in clear; "
                    + "write https (http is possible to localhost only)",
                "sluice.yaml:7:9: retry.attempts: \"three\" is not a whole number",
                "sluice.yaml:11:5: inboxes[0].settle: \"soon\" is not a duration; write 500ms, 1s, 5m, 2h or 90d",
                "sluice.yaml:12:5: inboxes[0].kind: \"unknown\" is not auto, account, payment or claim",
            ])
    }

    @Test func aKeyThatIsAListIsRefused() {
        #expect(complaints(minimal("? [a]\n: 1\n")) == ["sluice.yaml:10:3: has a key that is not a text"])
    }

    @Test func aByteOrderMarkIsNoPartOfTheFile() throws {
        #expect(try parse("\u{FEFF}" + minimal()) == parse(minimal()))
    }
}
