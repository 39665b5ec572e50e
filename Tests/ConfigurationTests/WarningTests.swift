import SystemPackage
import Testing

@testable import SluiceConfiguration

@Suite struct WarningTests {
    @Test func theContractsExampleIsNotOdd() throws {
        #expect(try parse(fullExample).warnings == [])
        #expect(try parse(minimal()).warnings == [])
    }

    @Test(arguments: [
        (
            minimal(api: ["orderWait: 0s"]),
            "api.orderWait: 0s takes a 2xx for final, and a later document may overtake an earlier "
                + "one that is only queued"
        ),
        (
            minimal("limits: {requestsPerMinute: unlimited}"),
            "limits.requestsPerMinute: the API allows 1000 requests a minute and blocks what is over"
        ),
        (
            minimal("limits: {requestsPerMinute: 1001}"),
            "limits.requestsPerMinute: the API allows 1000 requests a minute and blocks what is over"
        ),
        (
            minimal("limits: {jsonBytes: 31MB}"),
            "limits.jsonBytes: the API takes JSON bodies of at most 30 MB and blocks what is over"
        ),
        (
            minimal("limits: {multipartBytes: 26MB}"),
            "limits.multipartBytes: the API takes multipart bodies of at most 25 MB and blocks what is over"
        ),
        (
            minimal("limits: {memory: 16MB}"),
            "limits.memory: is less than limits.jsonBytes: the largest document that may be sent does not fit"
        ),
        (
            minimal("alerts: [{command: [x], on: [outage], thresholds: {failedDrops: 1/1h}}]"),
            "alerts[0].thresholds.failedDrops: has no effect: failedDrops is not in on"
        ),
        (
            minimal("alerts: [{webhook: http://hooks.example.com/x}]"),
            "alerts[0].webhook: http sends alerts, and this URL, in clear"
        ),
        (minimal(inbox: ["settle: 0s"]), "inboxes[0].settle: 0s may take a file that is still being written"),
        (
            minimal(inbox: ["done: /srv/erp/inbox/done"]),
            "inboxes[0].done: /srv/erp/inbox/done is within the inbox, where senders can rename or remove it"
        ),
    ])
    func whatIsOddIsNamed(yaml: String, warning: String) throws {
        #expect(try parse(yaml).warnings.map(\.description) == [warning])
    }

    @Test func aSecretFileThatAllMayReadIsNamed() throws {
        let folder = try TemporaryFolder()
        let closed = try folder.write("x", to: "closed", mode: [.ownerRead, .groupRead])
        let open = try folder.write("x", to: "open", mode: [.ownerRead, .otherRead])
        let yaml = minimal("admin: {token: {file: \(closed)}}\n").replacing(
            "{env: SLUICE_SECRET}", with: "{file: \(open)}")
        #expect(
            try parse(yaml).warnings.map(\.description)
                == ["api.clientSecret: \(open) is open to every user of this machine; chmod o= \(open)"])
    }
}
