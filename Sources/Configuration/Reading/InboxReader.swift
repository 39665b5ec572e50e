import SystemPackage

/// Reads the list of inboxes, each for itself and then all against each other.
enum InboxReader {
    static func read(_ field: Field, state: FilePath) -> [Configuration.Inbox] {
        let found = field.list(of: "inboxes") { element -> InboxEntry? in
            guard let section = Section(element, .inbox) else { return nil }
            return Configuration.Inbox(section).map { InboxEntry(inbox: $0, section: section) }
        }
        guard let found else { return [] }
        if field.isEmptyList { field.problem("is an empty list; it needs at least one inbox") }
        InboxNames(found).check()
        InboxFolders(found, state: state).check()
        return found.map(\.inbox)
    }
}

/// An inbox and where it is written.
struct InboxEntry {
    let inbox: Configuration.Inbox
    let section: Section

    /// The place to point at for a key that may have been left out.
    func field(_ key: String) -> Field {
        section[key] ?? section["path"] ?? section.field
    }
}

extension Configuration.Inbox {
    /// `nil`, with a note, where name or path are missing or wrong.
    init?(_ section: Section) {
        let name = section.required("name")?.inboxName()
        let path = section.required("path")?.filePath()
        // What is missing is noted already; the other keys are read all the same.
        self = Defaults.inbox(name: name ?? "", path: path ?? "/")
        readFolders(section)
        readNotice(section)
        readIdentity(section)
        readContent(section)
        readOutcome(section)
        if name == nil || path == nil { return nil }
    }

    private mutating func readFolders(_ section: Section) {
        section.read("done", into: &done) { $0.filePath().map { .some($0) } }
        section.read("failed", into: &failed) { $0.filePath().map { .some($0) } }
        section.read("work", into: &work) { $0.filePath().map { .some($0) } }
        section.read("filing", into: &filing) { $0.choice() }
    }

    private mutating func readNotice(_ section: Section) {
        let day: Duration = .seconds(86_400)
        section.read("settle", into: &settle) { $0.duration(atLeast: .zero, atMost: day) }
        section.read("partialGrace", into: &partialGrace) { $0.duration(atLeast: .zero, atMost: day) }
        section.read("rescan", into: &rescan) { $0.duration(atLeast: .milliseconds(100), atMost: day) }
        section.read("watch", into: &watch) { $0.choice() }
        section.read("poll", into: &poll) { $0.duration(atLeast: .milliseconds(100), atMost: day) }
        section.read("sort", into: &sort) { $0.choice() }
        section.read("ignore", into: &ignore) { field in
            field.texts(of: "globs", mayBeEmpty: true)?.filter { glob in
                if glob.contains("/") { field.problem("\"\(glob)\" is compared with names, which hold no slash") }
                return true
            }
        }
        section.read("ready", into: &ready) { $0.markerName() }
    }

    private mutating func readIdentity(_ section: Section) {
        section.read("ordering", into: &ordering) { $0.choice() }
        section.read("reference", into: &reference) { $0.choice() }
        section.read("ownReference", into: &ownReference) { $0.choice() }
        section.read("scope", into: &scope) { $0.text() }
    }

    private mutating func readContent(_ section: Section) {
        section.read("kind", into: &kind) { $0.choice() }
        if let schema = section["schema"].flatMap({ Section($0, .schema) }) {
            section.checkNotEmpty(schema, "schema")
            schema.read("json", into: &schemaJSON) { $0.filePath().map { .some($0) } }
            schema.read("xml", into: &schemaXML) { $0.filePath().map { .some($0) } }
        }
        section.read("mapping", into: &mapping) { $0.fieldNames() }
        section.read("set", into: &set) { $0.constants() }
        if let found = section["attachments"].flatMap({ Section($0, .attachments) }) {
            found.read("types", into: &attachments.types) { $0.attachmentTypes() }
            found.read("name", into: &attachments.name) { $0.attachmentName() }
            found.read("wait", into: &attachments.wait) { $0.duration(atLeast: .zero) }
        }
    }

    private mutating func readOutcome(_ section: Section) {
        if let found = section["expect"].flatMap({ Section($0, .expect) }) {
            expect = found.required("by")?.timeOfDay()
        }
        section.read("results", into: &results) { $0.choice() }
        if let found = section["retention"].flatMap({ Section($0, .retention) }) {
            found.read("done", into: &retention.done) { $0.durationOrNever() }
            found.read("failed", into: &retention.failed) { $0.durationOrNever() }
        }
    }
}

extension Section {
    /// An empty mapping where one of its keys must have been meant.
    fileprivate func checkNotEmpty(_ inner: Section, _ key: String) {
        if inner.shape.keys.allSatisfy({ inner[$0] == nil }) {
            self[key]?.problem("is empty; it needs \(inner.shape.keys.alternatives)")
        }
    }
}
