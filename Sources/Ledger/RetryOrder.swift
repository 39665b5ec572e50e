import Model

/// On what terms an admin wants a drop tried again.
package struct RetryTerms: Sendable, Hashable, CustomStringConvertible {
    /// Under a reference that was never used.
    package var asNew: Bool
    /// Though the API may count its payments twice.
    package var sendTwice: Bool
    /// Though later documents about its records were accepted since it came.
    package var stale: Bool

    package init(asNew: Bool = false, sendTwice: Bool = false, stale: Bool = false) {
        self.asNew = asNew
        self.sendTwice = sendTwice
        self.stale = stale
    }

    /// Whatever is known of it counts.
    package var areUsual: Bool { self == RetryTerms() }

    /// As the command takes them.
    package var description: String {
        [("--as-new", asNew), ("--send-twice", sendTwice), ("--stale", stale)].filter(\.1).map(\.0)
            .joined(separator: " ")
    }
}

/// A file on its way back into its inbox. Its terms are for this file alone: another with the same content is a drop
/// like any other.
package struct RetryOrder: Sendable, Hashable {
    /// Whose file it was.
    package var drop: DropID
    package var inbox: String
    /// Its name in the inbox.
    package var name: FileName
    /// Its number there.
    package var inode: UInt64
    package var sha256: [UInt8]
    package var terms: RetryTerms

    package init(
        drop: DropID, inbox: String, name: FileName, inode: UInt64, sha256: [UInt8], terms: RetryTerms
    ) {
        self.drop = drop
        self.inbox = inbox
        self.name = name
        self.inode = inode
        self.sha256 = sha256
        self.terms = terms
    }
}

/// Why payments that are sent as new may be counted twice.
package enum DoubleRisk: Sendable, Hashable {
    case accepted
    /// Some of them were.
    case acceptedInPart
    /// They left, and nobody knows.
    case unresolved
}
