import SystemPackage
import Testing

@testable import SluiceConfiguration

@Suite struct ExampleTests {
    @Test func theContractsExampleSaysWhatTheContractSays() throws {
        let configuration = try parse(fullExample)
        #expect(configuration.source == "/etc/sluice/sluice.yaml")
        #expect(configuration.state == "/var/lib/sluice")
        #expect(configuration.schemas == "/usr/share/sluice/schemas")
        #expect(configuration.limits == Defaults.limits)
        #expect(configuration.retry == Defaults.retry)
        #expect(configuration.breaker == Defaults.breaker)
        #expect(configuration.batching == Defaults.batching)
        #expect(configuration.log == Defaults.log)
        #expect(
            configuration.admin
                == .init(listen: .init(host: "127.0.0.1", port: 8080), token: .file("/etc/sluice/admin-token")))
    }

    @Test func theExamplesAPI() throws {
        let expected = Configuration.API(
            url: "https://api.creditclear.com.au/sync", tokenURL: "https://auth.example.com/oauth/token",
            audience: "https://api.creditclear.com.au", clientID: .env("SLUICE_CLIENT_ID"),
            clientSecret: .credential("client_secret"), timeout: .seconds(60), ca: "/etc/sluice/ca.pem",
            confirm: .accepted, orderWait: .seconds(300),
            endpoints: [
                .account: .init(method: .put, path: "/v1/account"),
                .payment: .init(method: .put, path: "/v1/payment"),
                .claim: .init(method: .put, path: "/v1/third-party-insurance"),
                .attachment: .init(method: .post, path: "/v1/attachment"),
            ],
            status: .init(
                field: "status", pending: ["Queued", "Processing"], completed: ["Completed"], records: "records",
                refused: ["Rejected", "Failed"]))
        #expect(try parse(fullExample).api == expected)
    }

    @Test func theExamplesAlert() throws {
        let expected = Configuration.Alert(
            target: .webhook(Secret("https://hooks.example.com/x")), on: Set(Configuration.Alert.Event.allCases),
            thresholds: [
                .serverErrors: .count(5, window: .seconds(300)), .failedDrops: .count(10, window: .seconds(300)),
                .rateNear: .percent(90, window: .seconds(300)),
            ])
        #expect(try parse(fullExample).alerts == [expected])
    }

    @Test func theExamplesInbox() throws {
        var expected = Configuration.Inbox(name: "erp", path: "/srv/erp/inbox")
        expected.done = "/srv/erp/done"
        expected.failed = "/srv/erp/failed"
        expected.work = "/srv/erp/.work"
        expected.ignore = ["*.bak"]
        expected.schemaJSON = "/etc/sluice/my-account.schema.json"
        expected.schemaXML = "/etc/sluice/my-account.xsd"
        expected.mapping = ["AmountDue": "outstandingAmount"]
        expected.set = ["brand": .string("ACME")]
        expected.expect = .init(hour: 7, minute: 0)
        expected.retention = .init(done: .seconds(90 * 86_400), failed: nil)
        #expect(try parse(fullExample).inboxes == [expected])
    }

    @Test func theLeastFileHasTheDefaultsOfTheContract() throws {
        let configuration = try parse(minimal())
        #expect(configuration.state == "/run/here/.sluice")
        #expect(configuration.schemas == "/usr/share/sluice/schemas")
        #expect(configuration.limits.requestsPerMinute == 1000)
        #expect(configuration.limits.inFlight == 8)
        #expect(configuration.limits.jsonBytes.bytes == 30_000_000)
        #expect(configuration.limits.multipartBytes.bytes == 25_000_000)
        #expect(configuration.limits.recordsPerBatch == nil)
        #expect(configuration.limits.memory.bytes == 256_000_000)
        #expect(configuration.retry.attempts == 3)
        #expect(configuration.retry.base == .seconds(1))
        #expect(configuration.retry.cap == .seconds(60))
        #expect(configuration.retry.requeueAfterOutage)
        #expect(configuration.breaker == .init(failures: 5, probe: .seconds(30)))
        #expect(configuration.batching == .init(mode: .none, records: 5000, bytes: .megabytes(10)))
        #expect(configuration.log == .init(format: .text, level: .info))
        #expect(configuration.admin == nil)
        #expect(configuration.alerts.isEmpty)
        #expect(configuration.api.timeout == .seconds(60))
        #expect(configuration.api.orderWait == .seconds(300))
        #expect(configuration.api.confirm == .accepted)
        #expect(configuration.api.ca == nil)
    }

    @Test func theLeastInboxHasTheDefaultsOfTheContract() throws {
        let inbox = try #require(try parse(minimal()).inboxes.first)
        #expect(inbox.done == "/srv/erp/done")
        #expect(inbox.failed == "/srv/erp/failed")
        #expect(inbox.work == "/srv/erp/.work")
        #expect((inbox.kind, inbox.filing, inbox.watch, inbox.sort) == (.auto, .auto, .auto, .arrival))
        #expect((inbox.settle, inbox.partialGrace) == (.seconds(1), .seconds(60)))
        #expect((inbox.rescan, inbox.poll) == (.seconds(60), .seconds(5)))
        #expect((inbox.ordering, inbox.reference, inbox.ownReference) == (.key, .content, .keep))
        #expect(inbox.scope == "erp")
        #expect((inbox.ready, inbox.expect, inbox.results) == (nil, nil, .plain))
        #expect(inbox.ignore.isEmpty && inbox.mapping.isEmpty && inbox.set.isEmpty)
        #expect((inbox.schemaJSON, inbox.schemaXML) == (nil, nil))
        #expect(
            inbox.attachments == .init(types: ["pdf"], name: "{clientReferenceId}", wait: .seconds(72 * 3600)))
        #expect(inbox.retention == .init(done: nil, failed: nil))
    }
}
