extension Configuration.Inbox {
    /// What the documents of an inbox are.
    package enum Kind: String, Sendable, CaseIterable {
        /// By the top-level key or the root element.
        case auto
        case account, payment, claim
    }

    /// How a drop gets into `done` or `failed`.
    package enum Filing: String, Sendable, CaseIterable {
        /// A move for the service's own files, a copy for others'.
        case auto
        case move, copy
    }

    /// How changes are noticed.
    package enum Watch: String, Sendable, CaseIterable {
        /// Polling on network file systems, else inotify.
        case auto
        case inotify, poll
    }

    /// The order in which drops are taken.
    package enum Sort: String, Sendable, CaseIterable {
        case arrival, name
    }

    /// What of an inbox may go side by side.
    package enum Ordering: String, Sendable, CaseIterable {
        case key, strict, none
    }

    /// What makes a document the same as another (contract, section 5).
    package enum Reference: String, Sendable, CaseIterable {
        case content
        case contentAndName = "content+name"
        case contentAndDay = "content+day"
    }

    /// What becomes of a `batchReferenceId` that a document brings.
    package enum OwnReference: String, Sendable, CaseIterable {
        case keep, prefix, ignore
    }

    /// How much of the API's answer a result tells.
    package enum Results: String, Sendable, CaseIterable {
        case plain, full
    }

    /// A constant that a field is given, with its JSON type.
    package enum Constant: Sendable, Equatable {
        case string(String)
        /// As JSON writes numbers, with all its digits.
        case number(String)
        case bool(Bool)
        case null
    }

    /// Which drops are attachments, and how their names are read.
    package struct Attachments: Sendable, Equatable {
        /// File name extensions, in lower case and without a dot.
        package var types: [String]
        /// `{brand}`, `{portfolio}` and `{clientReferenceId}` with separators between them, without the extension.
        package var name: String
        /// How long an attachment may be early for its account.
        package var wait: Duration

        package init(types: [String], name: String, wait: Duration) {
            self.types = types
            self.name = name
            self.wait = wait
        }
    }

    /// The local time of day by which a drop is expected.
    package struct Expectation: Sendable, Equatable, CustomStringConvertible {
        package var hour: Int
        package var minute: Int

        /// `07:00`
        package var description: String {
            [hour, minute].map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: ":")
        }

        package init(hour: Int, minute: Int) {
            self.hour = hour
            self.minute = minute
        }
    }

    /// How long filed drops are kept.
    package struct Retention: Sendable, Equatable {
        /// `nil`: for ever.
        package var done: Duration?
        /// `nil`: for ever.
        package var failed: Duration?

        package init(done: Duration?, failed: Duration?) {
            self.done = done
            self.failed = failed
        }
    }
}
