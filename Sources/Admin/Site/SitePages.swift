import Foundation
import Hummingbird
import Ledger
import Logging
import Model
import Service
import SluiceConfiguration

/// The pages for people: server-rendered, whole without a script.
struct SitePages: Sendable {
    typealias Context = BasicRequestContext

    let service: SluiceService
    let logger: Logger
    let door: Door
    let overview: OverviewDesk
    let streams: EventStreams
    private let excerpts = ExcerptDesk()
    private let templates: Templates
    private let assets = Assets()
    private let version: String

    /// - Throws: where a template is wrong.
    init(
        _ service: SluiceService, _ settings: AdminServer.Settings, logger: Logger,
        time: any TimeSource = SystemTime()
    ) throws {
        self.service = service
        self.logger = logger
        version = settings.version
        templates = try Templates()
        door = Door(token: settings.token, port: settings.listen.port, time: time)
        overview = OverviewDesk(service, time: time)
        streams = EventStreams(service, time: time)
    }

    func add(to router: Router<Context>, _ pages: inout Routes) {
        router.add(middleware: ErrorPages(site: self))
        assets.add(to: &pages)
        pages.add("/", get: showOverview)
        pages.add("/failed", get: showFailed)
        pages.add("/failed/retry", post: retryAll)
        pages.add("/drops", get: showDrops)
        pages.add("/drops/:id", get: showStory)
        pages.add("/drops/:id/file", get: sendFile)
        pages.add("/drops/:id/result", get: sendResult)
        pages.add("/drops/:id/retry", post: retry)
        pages.add("/pause", post: pause)
        pages.add("/resume", post: resume)
        pages.add("/login", get: showLogin, post: logIn)
        pages.add("/logout", post: logOut)
        pages.add("/events") { request, _ in try streams.response(to: request) }
    }

    func frame(_ title: String, _ request: Request, takesNotice: Bool = true) -> Frame {
        let visitor = door.visitor(request)
        // A page that fetches itself shows no message: it would be gone for the one who is to read it.
        let takesNotice =
            takesNotice && HTTPFields.Element.Name("X-Sluice-Refresh").map { request.headers[$0] == nil } ?? true
        let here = LocalPath.safe(request.head.path)
        return Frame(
            title: title, version: version, zone: When.zone(at: SystemTime().timestamp), here: here,
            styleLink: assets.styleLink, scriptLink: assets.scriptLink,
            loginLink: visitor.canLogIn && visitor.session == nil ? "/login" + FormFields.query(["next": here]) : nil,
            formToken: visitor.session?.formToken, notice: takesNotice ? door.takeMessage(for: visitor) : nil)
    }

    func render(_ template: String, _ page: some Sendable, _ status: HTTPResponse.Status = .ok) -> Response {
        .html(templates.render(template, page), status)
    }

    // MARK: Reading

    private func showOverview(_ request: Request, _: Context) async throws -> Response {
        var frame = frame("Overview", request)
        frame.isOverview = true
        return render("overview", OverviewPage(try await overview.figures, frame))
    }

    private func showFailed(_ request: Request, _: Context) async throws -> Response {
        let query = FormFields(request.uri.query ?? "")
        let administration = await service.administration()
        let inboxes = administration.configuration.expandedInboxes().map(\.name)
        let inbox = SitePages.inbox(query["inbox"], among: inboxes)
        let code = query["code"].flatMap(Code.init(rawValue:))
        let before = query["before"].flatMap(Int64.init)
        let search = FailedSearch(administration, inbox: inbox, code: code)
        let (found, next) = try search.page(before: before, size: FailedPage.size)
        let canDownload = canDownload(request)
        var fields: [String: SensitiveFields] = [:]
        var items: [ProblemItem] = []
        for entry in found {
            let hidden = fields[entry.drop.inbox] ?? administration.sensitiveFields(of: entry.drop.inbox)
            fields[entry.drop.inbox] = hidden
            let lines = await excerpts.lines(
                around: FailedPage.places, of: entry, limit: FailedPage.longest, hiding: hidden, administration)
            if let item = ProblemItem(
                entry, lines: lines, places: FailedPage.places, isThere: true, canDownload: canDownload,
                pauses: service.monitor.current.pauses)
            {
                items.append(item)
            }
        }
        var frame = frame("Failed", request)
        frame.isFailed = true
        let filter: (String?) -> String = {
            "/failed" + FormFields.query(["inbox": query["inbox"], "code": code?.rawValue, "before": $0])
        }
        return render(
            "failed",
            FailedPage(
                frame: frame, items: items, isEmpty: items.isEmpty, inboxChoices: Choice.all(inboxes, chosen: inbox),
                codeChoices: Choice.all(Code.allCases.map(\.rawValue), chosen: code?.rawValue),
                isFiltered: query["inbox"] != nil || code != nil, olderLink: next.map { filter(String($0)) },
                newestLink: before == nil ? nil : filter(nil)))
    }

    private func showDrops(_ request: Request, _: Context) async throws -> Response {
        let query = FormFields(request.uri.query ?? "")
        let administration = await service.administration()
        let inboxes = administration.configuration.expandedInboxes().map(\.name)
        let inbox = SitePages.inbox(query["inbox"], among: inboxes)
        let text = query["q"]?.trimmingCharacters(in: .whitespaces)
        let state: DropQuery.State? =
            query["outcome"] == "pending"
            ? .pending : query["outcome"].flatMap(Outcome.init(rawValue:)).map { .outcome($0) }
        let before = query["before"].flatMap(Int64.init)
        var found = try administration.ledger.drops(
            DropQuery(
                state: state, inbox: inbox, text: text?.isEmpty == false ? text : nil, reach: .everything,
                before: before, limit: DropsPage.size + 1))
        let hasMore = found.count > DropsPage.size
        if hasMore { found.removeLast() }
        var frame = frame("Drops", request)
        frame.isDrops = true
        let outcome = state == nil ? nil : query["outcome"]
        let filter: (Int64?) -> String = {
            "/drops"
                + FormFields.query([
                    "q": text, "inbox": query["inbox"], "outcome": outcome, "before": $0.map { String($0) },
                ])
        }
        return render(
            "drops",
            DropsPage(
                frame: frame, sought: text ?? "", inboxChoices: Choice.all(inboxes, chosen: inbox),
                outcomeChoices: Choice.all(["pending"] + Outcome.allCases.map(\.rawValue), chosen: outcome),
                isFiltered: text != nil || query["inbox"] != nil || outcome != nil, drops: found.map(DropLine.init),
                hasDrops: !found.isEmpty, olderLink: hasMore ? filter(found.last?.drop.arrival) : nil,
                newestLink: before == nil ? nil : filter(nil)))
    }

    private func showStory(_ request: Request, _ context: Context) async throws -> Response {
        let administration = await service.administration()
        let entry = try entry(context, administration)
        let story = Story(
            entry: entry, batches: try administration.ledger.batches(of: entry.drop.id),
            result: try administration.result(of: entry))
        let isThere = (try? administration.isThere(entry)) ?? false
        let canDownload = canDownload(request)
        let fields = administration.sensitiveFields(of: entry.drop.inbox)
        let lines = await excerpts.lines(
            around: Problem.listedFindings, of: entry, limit: StoryPage.longest, hiding: fields, administration)
        let problem = ProblemItem(
            entry, lines: lines, places: Problem.listedFindings, isThere: isThere && entry.outcome == .failed,
            canDownload: canDownload)
        return render(
            "story",
            StoryPage(
                story, problem: problem, waitsFor: await service.waitsFor(entry),
                place: isThere || entry.outcome == nil ? administration.place(of: entry) : nil,
                frame: frame((entry.filedName ?? entry.drop.name).description, request), isThere: isThere,
                canDownload: canDownload))
    }

    private func sendFile(_ request: Request, _ context: Context) async throws -> Response {
        guard canDownload(request) else {
            throw HTTPError(.forbidden, message: "Log in to download files: they may hold what pages do not show.")
        }
        let administration = await service.administration()
        let entry = try entry(context, administration)
        guard let file = try administration.file(of: entry) else {
            throw HTTPError(.notFound, message: "The file of this drop does not lie in its folder any more.")
        }
        return try Downloads.response(file, named: entry.filedName ?? entry.drop.name)
    }

    private func sendResult(_ request: Request, _ context: Context) async throws -> Response {
        let administration = await service.administration()
        let entry = try entry(context, administration)
        guard let text = try administration.resultText(of: entry) else {
            throw HTTPError(.notFound, message: "This drop has no result so far.")
        }
        let name = entry.filedName ?? entry.drop.name
        return Downloads.response(text, named: FileName(bytes: name.bytes + Array(".result.json".utf8)))
    }

    /// Where there is a token, a sender's whole file is for those who know it: it holds what excerpts hide.
    private func canDownload(_ request: Request) -> Bool {
        let visitor = door.visitor(request)
        return !visitor.canLogIn || visitor.session != nil
    }

    private func entry(_ context: Context, _ administration: Administration) throws -> DropEntry {
        let id = context.parameters.get("id").flatMap { FormFields.decode($0) } ?? ""
        guard let entry = try administration.ledger.drop(DropID(text: id)) else {
            throw HTTPError(.notFound, message: "There is no such drop.")
        }
        return entry
    }

    /// The inbox that a form means, by its name as the form shows it or as it is; an unknown one finds nothing.
    static func inbox(_ offered: String?, among names: [String]) -> String? {
        guard let offered else { return nil }
        return names.first { $0 == offered || FileName.escaped($0.utf8) == offered } ?? offered
    }
}
