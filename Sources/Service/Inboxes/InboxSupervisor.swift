import Delivery
import FileSystem
import Inbox
import Ledger
import Model
import SluiceConfiguration
import Synchronization
import SystemPackage

/// Keeps a pipeline at work for every inbox that there is to be, whatever a reload or a glob changes.
///
/// It carries out what ``InboxRoster`` decides. A pipeline that is told to stop takes nothing more and mostly has
/// ``grace`` to bring what it has to its end; the rest is left to the ledger and taken up by the next one.
actor InboxSupervisor {
    private struct Start: Sendable {
        let terms: InboxTerms
        /// Yields when the pipeline is to stop, how long what it has begun may take.
        let stops: AsyncStream<Duration>
    }

    private struct Working {
        let stop: AsyncStream<Duration>.Continuation
        var pipeline: InboxPipeline?
        /// The state in which its folders were found as they have to be: seen again, it is not looked into.
        var suitable: Int?
    }

    /// How long what a pipeline has begun may take once it is told to stop.
    static let grace = Duration.seconds(8)
    /// How soon a folder that could not be looked into is looked into again.
    private static let retry = Duration.seconds(1)

    private let once: Bool
    private let time: any TimeSource
    private let report: @Sendable (ServiceEvent) -> Void
    private let starts: AsyncStream<Start>
    private let starter: AsyncStream<Start>.Continuation
    private let hints = FolderHints()
    private let troubles = Mutex(InboxTroubles())

    private var templates: [InboxTemplate]
    private var roster = InboxRoster()
    private var working: [String: Working] = [:]
    private var parents: ParentFolders
    /// What globs found the last time: a thousand folders are not read anew because of one.
    private var found: [FilePath: InboxTerms] = [:]
    /// What each template's search said the last time; `nil`: everything is to be decided anew.
    private var searches: [GlobSearch?]?
    private var complaints = InboxComplaints()

    init(
        _ templates: [InboxTemplate], once: Bool, time: any TimeSource, notifier: Notifier = .shared,
        report: @escaping @Sendable (ServiceEvent) -> Void
    ) {
        self.templates = templates
        self.once = once
        self.time = time
        parents = ParentFolders(notifier: notifier, hints: hints)
        self.report = report
        (starts, starter) = AsyncStream.makeStream()
    }

    /// Lets the pipelines work until the task is cancelled, or with `once` until all have come to their end.
    func run(_ parts: SharedParts) async {
        _ = look()
        report(.started(inboxes: roster.running.map(\.name)))
        await giveUpLeftovers(parts)
        if once { starter.finish() }
        await withDiscardingTaskGroup { group in
            if !once { group.addTask { await self.watch() } }
            for await start in starts {
                parts.movement.begin(parts.horizon)
                group.addTask { await self.work(start, parts) }
            }
            parts.movement.end()
        }
        parents.forget()
    }

    /// From now on the configured inboxes are these. Every folder is looked at again.
    ///
    /// - Returns: what is different. No more is taken in other terms when this returns; the rest is on its way.
    func reload(_ templates: [InboxTemplate]) async -> InboxChanges {
        self.templates = templates
        found = [:]
        forgetParents()
        let changes = look()
        for name in working.keys { working[name]?.suitable = nil }
        checkFolders()
        for terms in roster.stopping { await working[terms.name]?.pipeline?.stopTaking() }
        return changes
    }

    /// Tells what a pipeline has to say.
    nonisolated func tell(_ event: ServiceEvent) {
        tell(event, from: .pipeline)
        // An inbox whose folder is gone may be one that a glob no longer finds.
        if case .inbox(_, .unavailable) = event { hints.add(.listing) }
    }

    private nonisolated func tell(_ event: ServiceEvent, from teller: InboxTroubles.Teller) {
        if let news = troubles.withLock({ $0.news(of: event, from: teller) }) { report(news) }
    }

    /// The work folders of the inboxes that there are to be, and of those that have not come to their end.
    var workFolders: [String: Set<FilePath>] {
        (roster.wanted + roster.running).reduce(into: [:]) { folders, terms in
            if let work = terms.inbox.work { folders[terms.name, default: []].insert(work) }
        }
    }

    /// Where something is expected every day.
    var expectations: [String: Configuration.Inbox.Expectation] {
        let expected = roster.wanted.compactMap { terms in terms.inbox.expect.map { (terms.name, $0) } }
        return Dictionary(expected) { first, _ in first }
    }

    /// Those that are at work or coming to their end.
    var pipelines: [InboxPipeline] { working.values.compactMap(\.pipeline) }

    /// The one of an inbox; `nil` where there is none so far.
    func pipeline(_ inbox: String) -> InboxPipeline? { working[inbox]?.pipeline }

    // MARK: Which inboxes there are

    /// Finds what is to be at work now, and sees to it.
    private func look() -> InboxChanges {
        let searches = templates.map { $0.inbox.isGlob ? GlobSearch($0.inbox.path) : nil }
        if let last = self.searches, !complaints.isAny, zip(last, searches).allSatisfy({ GlobSearch.agree($0, $1) }) {
            return InboxChanges()
        }
        self.searches = searches
        var fixed: [InboxTerms] = []
        var found: [InboxTerms] = []
        var parents: [FilePath: GlobSearch.Parent] = [:]
        var blind: [String: SystemCallError] = [:]
        for (template, search) in zip(templates, searches) {
            if let error = search?.missing ?? search?.blind.first?.error { blind[template.inbox.name] = error }
            let terms = search.map { read($0, of: template, &parents) } ?? [template.terms()].compactMap(\.self)
            if search != nil { found += terms } else { fixed += terms }
        }
        self.found = Dictionary(found.map { ($0.inbox.path, $0) }) { $1 }
        let choice = InboxChoice(fixed + found, running: roster.running)
        for event in complaints.events(refused: choice.refused, blind: blind) { tell(event, from: .choice) }
        if !once { self.parents.watch(parents) }
        let (actions, changes) = roster.want(choice.chosen)
        carryOut(actions)
        return changes
    }

    private func read(
        _ search: GlobSearch, of template: InboxTemplate, _ parents: inout [FilePath: GlobSearch.Parent]
    ) -> [InboxTerms] {
        parents.merge(search.parents) { $1 }
        // What is at work in a folder that cannot be looked into stays.
        let hidden = roster.running.filter { terms in
            search.blind.contains { terms.inbox.path.starts(with: $0.path) } && template.hasGiven(terms)
        }
        let folders = search.matches + hidden.compactMap { terms in terms.place.map { (terms.inbox.path, $0) } }
        return folders.compactMap { path, place in
            if let known = found[path], known.place == place, known.template === template { return known }
            return template.terms(at: path, place: place)
        }
    }

    private func carryOut(_ actions: [InboxRoster.Action]) {
        for action in actions {
            switch action {
            case .start(let terms):
                let (stops, stop) = AsyncStream.makeStream(of: Duration.self, bufferingPolicy: .bufferingNewest(1))
                working[terms.name] = Working(stop: stop)
                starter.yield(Start(terms: terms, stops: stops))
            case .stop(let name): working[name]?.stop.yield(InboxSupervisor.grace)
            case .cut(let name): working[name]?.stop.yield(.zero)
            }
        }
    }

    // MARK: Watching

    /// Looks again whenever a glob's folders change, and at every inbox's own folders now and then.
    private func watch() async {
        var nextCheck = time.moment + pause
        while !Task.isCancelled {
            await waitForHint(until: nextCheck)
            if Task.isCancelled { return }
            let added = Set(look().added)
            for terms in added.isEmpty ? [] : roster.wanted where added.contains(terms.name) {
                report(.inboxFound(terms.name, terms.inbox.path))
            }
            let now = time.moment
            if now >= nextCheck {
                checkFolders()
                nextCheck = now + pause
            } else {
                nextCheck = min(nextCheck, now + pause)
            }
        }
    }

    private var pause: Duration {
        let rescan = templates.lazy.map(\.inbox.rescan).min() ?? .seconds(60)
        return complaints.hasBlindGlob ? min(rescan, InboxSupervisor.retry) : rescan
    }

    private func waitForHint(until deadline: Moment) async {
        let alarm = Task { [time, hints] in
            try await time.sleep(until: deadline)
            hints.add(.wake)
        }
        defer { alarm.cancel() }
        let gathered = await withTaskCancellationHandler {
            var iterator = hints.makeAsyncIterator()
            return await iterator.next(isolation: self)
        } onCancel: { [hints] in
            hints.add(.wake)
        }
        // The kernel ended a watch and does not say which.
        if let gathered, gathered.isGone || gathered.isUnmounted { forgetParents() }
    }

    private func forgetParents() {
        parents.forget()
        searches = nil
    }

    /// A pipeline whose folders senders can write to by now begins anew: it waits until they cannot.
    private func checkFolders() {
        let changed = roster.working { terms in
            guard let entry = working[terms.name], entry.pipeline?.isAtWork == true else { return false }
            return entry.suitable != FolderCheck.state(of: terms.inbox)
        }
        for terms in changed {
            let state = FolderCheck.state(of: terms.inbox)
            let isSuitable = FolderCheck.mayGoOn(terms.inbox)
            working[terms.name]?.suitable = isSuitable ? state : nil
            if !isSuitable { carryOut(roster.stop(terms.name)) }
        }
    }

    // MARK: One inbox

    /// Runs one pipeline to its end.
    private func work(_ start: Start, _ parts: SharedParts) async {
        let terms = start.terms
        guard let template = terms.template else { preconditionFailure("every inbox that starts has a template") }
        do {
            let settings = try InboxSettings(terms.inbox, template.configuration, once: once)
            let pipeline = InboxPipeline(settings, parts: parts, documents: template.judge)
            working[terms.name]?.pipeline = pipeline
            // Whoever pauses it from now on finds it.
            await pipeline.folder.setPaused(await parts.pauses.holds(terms.name))
            await InboxSupervisor.run(pipeline, until: start.stops, time)
        } catch {
            parts.movement.end(parts.horizon)
            tell(.inbox(terms.name, .unsuitable("\(error)")))
            if !once { for await _ in start.stops { break } }
        }
        working[terms.name] = nil
        if once || Task.isCancelled { return }
        if !roster.isWanted(terms.name) { await giveUp(terms.name, parts) }
        carryOut(roster.ended(terms.name))
    }

    private static func run(
        _ pipeline: InboxPipeline, until stops: AsyncStream<Duration>, _ time: any TimeSource
    ) async {
        let work = Task { await pipeline.run() }
        let end = Task {
            for await grace in stops {
                await pipeline.stopTaking()
                try await time.sleep(for: grace)
                break
            }
            // What is not done is in the ledger.
            work.cancel()
        }
        await withTaskCancellationHandler {
            await work.value
        } onCancel: {
            work.cancel()
        }
        end.cancel()
    }

    // MARK: What inboxes leave behind

    /// Earlier runs had inboxes that there are no more.
    private func giveUpLeftovers(_ parts: SharedParts) async {
        do {
            let inboxes = try await parts.patience.persist("read the ledger") {
                try await parts.ledger.unfinishedInboxes()
            }
            let present = Set(roster.wanted.map(\.name)).union(roster.running.map(\.name))
            for name in inboxes where !present.contains(name) { await giveUp(name, parts) }
        } catch {
            // Only a stop of the service ends up here.
        }
    }

    /// What an inbox that is gone has not brought to its end lies in its `.work`, and stands in the way of no other. It goes
    /// on when the inbox is back.
    private func giveUp(_ name: String, _ parts: SharedParts) async {
        do {
            let left = try await parts.patience.persist("write the ledger") {
                try await parts.ledger.giveUp(inbox: name)
            }
            for drop in left.waiting { await parts.announcements.announce(lost: drop) }
            tell(.inboxGone(name, unfinished: left.unfinished))
        } catch {
            // Only a stop of the service ends up here.
        }
    }
}
