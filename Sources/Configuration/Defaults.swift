import SystemPackage

/// What holds where the file says nothing.
package enum Defaults {
    package static let schemas: FilePath = "/usr/share/sluice/schemas"
    /// Below the current directory, where neither the file nor `$STATE_DIRECTORY` says otherwise.
    package static let stateName = ".sluice"

    package enum API {
        package static let timeout: Duration = .seconds(60)
        package static let confirm: Configuration.Confirm = .accepted
        package static let orderWait: Duration = .seconds(5 * 60)
        package static let endpoints: [Configuration.EndpointKind: Configuration.Endpoint] = [
            .account: .init(method: .put, path: "/v1/account"),
            .payment: .init(method: .put, path: "/v1/payment"),
            .claim: .init(method: .put, path: "/v1/third-party-insurance"),
            .attachment: .init(method: .post, path: "/v1/attachment"),
        ]
        package static let status = Configuration.StatusReading(
            field: "status", pending: ["Queued", "Processing"], completed: ["Completed"],
            records: "records", refused: ["Rejected", "Failed"])
    }

    package static let limits = Configuration.Limits(
        requestsPerMinute: 1000, inFlight: 8, jsonBytes: .megabytes(30), multipartBytes: .megabytes(25),
        recordsPerBatch: nil, memory: .megabytes(256))

    package static let retry = Configuration.Retry(
        attempts: 3, base: .seconds(1), cap: .seconds(60), requeueAfterOutage: true)

    package static let breaker = Configuration.Breaker(failures: 5, probe: .seconds(30))

    package static let batching = Configuration.Batching(mode: .none, records: 5000, bytes: .megabytes(10))

    package static let log = Configuration.Log(format: .text, level: .info)

    /// Of an `admin` section that does not say `listen`. Without the section there is no server.
    package static let listen = Configuration.ListenAddress(host: "127.0.0.1", port: 8080)

    package enum Alert {
        package static let on = Set(Configuration.Alert.Event.allCases)
        package static let thresholds: [Configuration.Alert.Event: Configuration.Alert.Threshold] = [
            .serverErrors: .count(5, window: .seconds(5 * 60)),
            .failedDrops: .count(10, window: .seconds(5 * 60)),
            .rateNear: .percent(90, window: .seconds(5 * 60)),
        ]
    }

    /// An inbox of which only the name and the path are known. `done`, `failed` and `.work` stand beside it.
    package static func inbox(name: String, path: FilePath) -> Configuration.Inbox {
        var inbox = Configuration.Inbox(
            name: name, path: path, kind: .auto, filing: .auto, settle: .seconds(1), partialGrace: .seconds(60),
            rescan: .seconds(60), watch: .auto, poll: .seconds(5), sort: .arrival, ordering: .key,
            reference: .content, ownReference: .keep,
            attachments: .init(types: ["pdf"], name: "{clientReferenceId}", wait: .seconds(72 * 3600)),
            results: .plain, retention: .init(done: nil, failed: nil))
        if inbox.isGlob {
            inbox.ownReference = .prefix
        } else {
            let parent = path.removingLastComponent()
            inbox.done = parent.appending("done")
            inbox.failed = parent.appending("failed")
            inbox.work = parent.appending(".work")
        }
        return inbox
    }
}
