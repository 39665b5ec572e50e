import SluiceConfiguration
import SystemPackage
import Testing

@testable import Service

/// What a running service makes of a configuration that was read again.
@Suite struct AdoptionTests {
    private static func configuration(_ change: (inout Configuration) -> Void = { _ in }) -> Configuration {
        var configuration = Configuration(
            state: "/state", schemas: "/schemas",
            api: .init(
                url: "https://a", tokenURL: "https://t", audience: "a", clientID: .literal("id"),
                clientSecret: .env("X")),
            limits: Defaults.limits, retry: Defaults.retry, breaker: Defaults.breaker, batching: Defaults.batching,
            log: Defaults.log, admin: nil, alerts: [], inboxes: [.init(name: "erp", path: "/erp/inbox")],
            source: "/sluice.yaml")
        change(&configuration)
        return configuration
    }

    @Test func theSameFileChangesNothing() {
        let old = Self.configuration()
        let adoption = old.adopting(old)
        #expect(adoption == Configuration.Adoption(configuration: old))
        let reload = Reload(inboxes: InboxChanges(), changedKeys: [], restartKeys: [])
        #expect(reload.description == "no change")
    }

    @Test func limitsSchemasLogAndCredentialsCountAtOnce() {
        let new = Self.configuration {
            $0.limits.requestsPerMinute = 500
            $0.limits.inFlight = 4
            $0.limits.jsonBytes = .megabytes(1)
            $0.schemas = "/other"
            $0.log.level = .debug
            $0.api.clientSecret = .env("Y")
        }
        let adoption = Self.configuration().adopting(new)
        #expect(adoption.configuration == new)
        #expect(
            adoption.changedKeys == [
                "schemas", "api.clientSecret", "limits.requestsPerMinute", "limits.inFlight", "limits.jsonBytes", "log",
            ])
        #expect(adoption.restartKeys.isEmpty)
    }

    @Test func whatOnlyAStartCanChangeStaysAndIsNamedUntilThen() {
        let old = Self.configuration()
        let new = Self.configuration {
            $0.state = "/elsewhere"
            $0.api.url = "https://b"
            $0.admin = .init(listen: Defaults.listen)
            $0.limits.memory = .megabytes(1)
        }
        let adoption = old.adopting(new)
        #expect(adoption.configuration == old)
        #expect(adoption.changedKeys.isEmpty)
        #expect(adoption.restartKeys == ["state", "api.url", "limits.memory", "admin"])
        #expect(adoption.configuration.adopting(new).restartKeys == adoption.restartKeys, "said again each time")
    }

    @Test func theResultIsALineForPeople() {
        func terms(_ name: String, _ settle: Int = 1) -> InboxTerms {
            var inbox = Configuration.Inbox(name: name, path: FilePath("/\(name)/inbox"))
            inbox.settle = .seconds(settle)
            return InboxTerms(
                inbox: inbox,
                judging: .init(
                    jsonBytes: .megabytes(1), multipartBytes: .megabytes(1), recordsPerBatch: nil, schemas: [:]))
        }
        let one = InboxChanges(from: [terms("a")], to: [terms("a", 2), terms("b")])
        #expect(
            Reload(inboxes: one, changedKeys: [], restartKeys: []).description == "1 inbox added, 1 changed")
        let two = InboxChanges(from: [terms("a"), terms("b")], to: [])
        #expect(
            Reload(inboxes: two, changedKeys: ["log"], restartKeys: ["state"]).description
                == "2 inboxes removed; log; after a restart: state")
    }
}
