import Delivery
import Documents
import FileSystem
import Glibc
import Inbox
import Model
import SluiceConfiguration
import SystemPackage

// From what an operator wrote to what each part of the service wants to know.

extension Configuration {
    /// The thresholds of counted events; where several alerts name one, the last one's.
    var alertThresholds: [Alert.Event: Alert.Threshold] {
        alerts.reduce(into: Defaults.Alert.thresholds) { $0.merge($1.thresholds) { $1 } }
    }

    /// What goes into one request of several documents; `nil`: they do not share any.
    var gathering: Gathering.Limits? {
        guard batching.mode == .backlog else { return nil }
        return Gathering.Limits(
            records: min(batching.records, limits.recordsPerBatch ?? .max),
            bytes: min(batching.bytes.bytes, limits.jsonBytes.bytes) - JointBody.frame)
    }

    func delivery(version: String, waits: Bool) -> DeliveryService.Settings {
        var endpoints: [Kind: DeliveryService.Endpoint] = [:]
        for kind in Kind.allCases {
            guard let key = EndpointKind(rawValue: kind.rawValue), let endpoint = api.endpoints[key] else { continue }
            endpoints[kind] = DeliveryService.Endpoint(
                method: endpoint.method.rawValue, url: api.url + endpoint.path)
        }
        return DeliveryService.Settings(
            endpoints: endpoints, tokenURL: api.tokenURL, audience: api.audience, timeout: api.timeout,
            inFlight: limits.inFlight,
            retry: RetryPolicy.Settings(attempts: retry.attempts, base: retry.base, cap: retry.cap),
            breaker: Delivery.Breaker.Settings(failures: breaker.failures, probe: breaker.probe),
            waits: waits,
            status: Delivery.StatusReading(
                field: api.status.field, pending: api.status.pending, completed: api.status.completed,
                records: api.status.records, refused: api.status.refused),
            version: version)
    }
}

extension InboxSettings {
    /// - Throws: ``CannotStart`` for a glob inbox that was not expanded.
    convenience init(_ inbox: Configuration.Inbox, _ configuration: Configuration, once: Bool) throws(CannotStart) {
        guard let work = inbox.work, let done = inbox.done, let failed = inbox.failed else {
            throw CannotStart("the inbox \(inbox.name) has no folders for its drops")
        }
        self.init(
            name: inbox.name,
            folder: InboxFolder.Settings(
                path: inbox.path, work: work,
                rules: Settling.Rules(
                    settle: inbox.settle, partialGrace: inbox.partialGrace,
                    sortsByName: inbox.sort == .name),
                ignore: IgnoreList(globs: inbox.ignore), ready: inbox.ready.flatMap(MarkerPattern.init),
                rescan: inbox.rescan, watch: inbox.watch.rule, poll: inbox.poll, once: once),
            done: done, failed: failed, filing: inbox.filing.rule,
            attachments: AttachmentJudge(
                types: inbox.attachments.types, name: AttachmentName(template: inbox.attachments.name),
                bodyBytes: Int64(configuration.limits.multipartBytes.bytes)),
            attachmentWait: inbox.attachments.wait, scope: inbox.scope,
            order: OrderSettings(rule: inbox.ordering.rule, wait: configuration.api.orderWait),
            hasFullResults: inbox.results == .full, retention: inbox.retention,
            folderProblems: { FolderCheck.problems(of: inbox) }, folderRemarks: { FolderCheck.remarks(on: inbox) })
    }
}

extension Configuration.Inbox.Filing {
    var rule: InboxSettings.FilingRule {
        switch self {
        case .auto: .auto(serviceUser: geteuid())
        case .move: .move
        case .copy: .copy
        }
    }
}

extension Configuration.Inbox.Watch {
    var rule: WatchRule {
        switch self {
        case .auto: .auto
        case .inotify: .inotify
        case .poll: .poll
        }
    }
}

extension Configuration.Inbox.Ordering {
    var rule: DropOrder.Rule {
        switch self {
        case .key: .key
        case .strict: .strict
        case .none: .none
        }
    }
}

extension Configuration.Inbox.Kind {
    package var documentKind: Kind? {
        switch self {
        case .auto: nil
        case .account: .account
        case .payment: .payment
        case .claim: .claim
        }
    }
}

extension Configuration.Inbox.Reference {
    var sameness: DocumentRules.Sameness {
        switch self {
        case .content: .content
        case .contentAndName: .contentAndName
        case .contentAndDay: .contentAndDay
        }
    }
}

extension Configuration.Inbox.OwnReference {
    var rule: DocumentRules.OwnReference {
        switch self {
        case .keep: .keep
        case .prefix: .prefix
        case .ignore: .ignore
        }
    }
}

extension Configuration.Inbox {
    /// `mapping` and `set`, the constants as JSON text.
    var fields: FieldMapping {
        FieldMapping(
            renamed: mapping,
            constants: set.mapValues { constant in
                switch constant {
                case .string(let text):
                    var json = JSONWriter()
                    json.value(text)
                    return json.text
                case .number(let digits): return digits
                case .bool(let value): return value ? "true" : "false"
                case .null: return "null"
                }
            })
    }
}
