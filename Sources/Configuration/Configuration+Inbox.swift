import SystemPackage

extension Configuration {
    /// One watched folder, or with a glob the pattern for many.
    package struct Inbox: Sendable, Equatable {
        /// With a glob it holds `{1}`, the text that the first `*` stands for, and so on.
        package var name: String
        package var path: FilePath
        package var kind: Kind
        /// `nil` in a glob inbox where the file does not say: `done` beside each match.
        package var done: FilePath?
        /// `nil` as for `done`.
        package var failed: FilePath?
        /// `nil` as for `done`.
        package var work: FilePath?
        package var filing: Filing
        package var settle: Duration
        package var partialGrace: Duration
        package var rescan: Duration
        package var watch: Watch
        package var poll: Duration
        package var sort: Sort
        /// Globs of names that are no drops, beside the built-in ones.
        package var ignore: [String]
        /// The name of a drop's marker, `{name}.ready`; `nil`: none is waited for.
        package var ready: String?
        package var ordering: Ordering
        package var reference: Reference
        package var ownReference: OwnReference
        /// Inboxes with the same scope know one another's payments.
        package var scope: String
        package var schemaJSON: FilePath?
        package var schemaXML: FilePath?
        /// The sender's name of a field to the schema's.
        package var mapping: [String: String]
        package var set: [String: Constant]
        package var attachments: Attachments
        package var expect: Expectation?
        package var results: Results
        package var retention: Retention

        /// An inbox with the defaults for everything but its name and path.
        package init(name: String, path: FilePath) {
            self = Defaults.inbox(name: name, path: path)
        }

        init(
            name: String, path: FilePath, kind: Kind, filing: Filing, settle: Duration, partialGrace: Duration,
            rescan: Duration, watch: Watch, poll: Duration, sort: Sort, ordering: Ordering, reference: Reference,
            ownReference: OwnReference, attachments: Attachments, results: Results, retention: Retention
        ) {
            self.name = name
            self.path = path
            self.kind = kind
            self.filing = filing
            self.settle = settle
            self.partialGrace = partialGrace
            self.rescan = rescan
            self.watch = watch
            self.poll = poll
            self.sort = sort
            self.ignore = []
            self.ordering = ordering
            self.reference = reference
            self.ownReference = ownReference
            self.scope = name
            self.mapping = [:]
            self.set = [:]
            self.attachments = attachments
            self.results = results
            self.retention = retention
        }

        /// Whether `path` is a pattern for many folders.
        package var isGlob: Bool { path.string.contains("*") }
    }
}
