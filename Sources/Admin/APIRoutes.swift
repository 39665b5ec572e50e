import FileSystem
import Foundation
import Hummingbird
import Ledger
import Logging
import Model
import Service
import SystemPackage

/// The JSON API under `/api/v1`, described by `docs/openapi.yaml`. Reading is open; actions need the token as
/// `Authorization: Bearer TOKEN`.
struct APIRoutes: Sendable {
    /// The longest body of a request.
    static let bodyBytes = 16 << 10
    static let mostDrops = 1000

    let service: SluiceService
    /// `nil`: there are no actions.
    let token: AdminToken?
    let version: String
    let logger: Logger

    func add(to routes: inout Routes) {
        routes.add("/api/v1/status", get: { _, _ in await status() })
        routes.add("/api/v1/inboxes", get: { _, _ in try await inboxes() })
        routes.add("/api/v1/drops", get: { request, _ in try await drops(request.uri.queryParameters) })
        routes.add("/api/v1/waiting", get: { request, _ in try await waiting(request.uri.queryParameters) })
        routes.add("/api/v1/drops/:id", get: { _, context in try await drop(id(context)) })
        routes.add(
            "/api/v1/drops/:id/retry",
            post: { request, context in
                try authorize(request)
                return try await retry(id(context), retryTerms(in: request))
            })
        routes.add(
            "/api/v1/pause",
            post: { request, _ in
                try authorize(request)
                let inbox = try await inboxName(in: request)
                return try await pausing("pause", inbox) { try await service.pause(inbox) }
            })
        routes.add(
            "/api/v1/resume",
            post: { request, _ in
                try authorize(request)
                let inbox = try await inboxName(in: request)
                return try await pausing("resume", inbox) { try await service.resume(inbox) }
            })
    }

    // MARK: Reading

    private func inboxes() async throws -> Response {
        let report = try await service.administration().status(failures: 0, at: service.live().now)
        return Response.json {
            $0.member("inboxes") { json in
                json.array { list in for inbox in report.inboxes { list.element { inbox.write(to: &$0) } } }
            }
        }
    }

    private func drops(_ parameters: Parameters) async throws -> Response {
        let query = try dropQuery(parameters)
        let drops = try await service.administration().ledger.drops(query)
        return Response.json {
            $0.member("drops") { json in
                json.array { list in for drop in drops { list.element { drop.write(to: &$0) } } }
            }
            // Where to go on; null where this was the last page.
            $0.member("next") { $0.value(drops.count < query.limit ? nil : drops.last?.drop.arrival) }
        }
    }

    private func drop(_ id: DropID) async throws -> Response {
        let administration = await service.administration()
        guard let entry = try administration.ledger.drop(id) else { throw APIRoutes.unknown(id) }
        let batches = try administration.ledger.batches(of: id)
        let result = try administration.ledger.result(of: id)
        let waitsFor = await service.waitsFor(entry)
        return Response.json {
            $0.member("drop") { entry.write(to: &$0) }
            $0.member("liesAt", administration.place(of: entry).map { FileName.escaped($0.string.utf8) })
            $0.member("waitsFor", waitsFor) { $0.write(to: &$1) }
            $0.member("action", entry.problem?.code.action)
            $0.member("errorCount", result?.problem?.findingCount ?? 0)
            $0.member("errors") { json in
                json.array { list in
                    for finding in result?.problem?.findings ?? [] { list.element { finding.write(to: &$0) } }
                }
            }
            $0.member("batches") { json in
                json.array { list in
                    for report in batches { list.element { report.write(to: &$0, isFull: false) } }
                }
            }
        }
    }

    /// What a file in an inbox waits for, which is no drop so far.
    private func waiting(_ parameters: Parameters) async throws -> Response {
        var asked: [String: String] = [:]
        try APIRoutes.read(parameters, ["inbox", "name"]) { key, value in asked[key] = value }
        guard let inbox = asked["inbox"], let name = asked["name"], !inbox.isEmpty, !name.isEmpty else {
            throw APIProblem(.badRequest, "inbox and name say which file is meant.")
        }
        guard let waitsFor = await service.waitsFor(fileShownAs: name, in: inbox) else {
            throw APIProblem(.notFound, "No such file is waited for in that inbox.")
        }
        return Response.json {
            $0.member("inbox", FileName.escaped(inbox.utf8))
            $0.member("name", name)
            $0.member("waitsFor") { waitsFor.write(to: &$0) }
        }
    }

    // MARK: Actions

    private func retry(_ id: DropID, _ terms: RetryTerms) async throws -> Response {
        do {
            let name = try await service.retry(id, terms)
            logger.log(AdminAction(terms, of: id))
            return Response.json {
                $0.member("id", id.text)
                $0.member("name", name.description)
            }
        } catch is Administration.Unknown {
            throw APIRoutes.unknown(id)
        } catch let refusal as Administration.Refusal {
            throw APIProblem(.conflict, refusal.description)
        } catch let error as SystemCallError {
            throw APIProblem(.conflict, error.description)
        }
    }

    private func pausing(
        _ action: String, _ inbox: String?, _ change: () async throws -> Void
    ) async throws -> Response {
        do {
            try await change()
            logger.log(AdminAction(action: action, subject: inbox))
        } catch let unknown as Administration.Unknown {
            throw APIProblem(.notFound, unknown.description)
        }
        let pauses = try await service.administration().ledger.pauses()
        return Response.json { APIRoutes.write(pauses, to: &$0) }
    }

    static func write(_ pauses: Set<String>, to json: inout JSONWriter) {
        json.member("paused") { json in
            json.object {
                $0.member("everything", pauses.contains(""))
                $0.member("inboxes") { json in
                    json.array { list in
                        for inbox in pauses.sorted() where !inbox.isEmpty { list.element { $0.value(inbox) } }
                    }
                }
            }
        }
    }

    // MARK: Requests

    private func authorize(_ request: Request) throws(APIProblem) {
        guard let token else {
            throw APIProblem(.forbidden, "There are no actions: the configuration has no admin.token.")
        }
        guard token.isIn(authorization: request.headers[.authorization]) else {
            throw APIProblem(.unauthorized, "Actions need the header Authorization: Bearer and admin.token.")
        }
    }

    private func id(_ context: BasicRequestContext) throws(APIProblem) -> DropID {
        guard let text = context.parameters.get("id") else { throw APIProblem(.notFound, "There is no such page.") }
        return DropID(text: text.removingPercentEncoding ?? text)
    }

    private static func unknown(_ id: DropID) -> APIProblem {
        APIProblem(.notFound, "There is no drop \(FileName.escaped(id.text.utf8)).")
    }

    /// Hands over each parameter, one after the other; those that there are, each once.
    private static func read(
        _ parameters: Parameters, _ known: Set<String>, _ body: (String, String) throws(APIProblem) -> Void
    ) throws(APIProblem) {
        var seen: Set<String> = []
        for (key, value) in parameters {
            let key = String(key)
            guard known.contains(key) else {
                throw APIProblem(.badRequest, "There is no parameter \(FileName.escaped(key.utf8)).")
            }
            guard seen.insert(key).inserted else { throw APIProblem(.badRequest, "\(key) stands there twice.") }
            try body(key, String(value))
        }
    }

    private func dropQuery(_ parameters: Parameters) throws(APIProblem) -> DropQuery {
        var query = DropQuery()
        try APIRoutes.read(parameters, ["state", "inbox", "q", "since", "before", "limit"]) {
            (key, value) throws(APIProblem) in
            switch key {
            case "state":
                switch value {
                case "pending": query.state = .pending
                case "done": query.state = .ended(.done)
                case "failed": query.state = .ended(.failed)
                default: throw APIProblem(.badRequest, "state is pending, done or failed.")
                }
            case "inbox": query.inbox = value
            case "q": query.text = value.isEmpty ? nil : value
            case "since":
                guard let since = Timestamp(rfc3339: value) else {
                    throw APIProblem(.badRequest, "since is a time such as 2026-11-24T03:00:00Z.")
                }
                query.since = since
            case "before":
                guard let number = Int64(value), number > 0, value.utf8.allSatisfy({ (0x30...0x39).contains($0) })
                else { throw APIProblem(.badRequest, "before is the number that next had.") }
                query.before = number
            default:
                guard let number = Int(value), (1...APIRoutes.mostDrops).contains(number),
                    value.utf8.allSatisfy({ (0x30...0x39).contains($0) })
                else { throw APIProblem(.badRequest, "limit is a number from 1 to \(APIRoutes.mostDrops).") }
                query.limit = number
            }
        }
        return query
    }
}
