#if KILL_POINTS
    import Glibc
    import Synchronization

    /// A named instant of a drop's way at which a debug build can be told to kill itself, as a power cut or `kill -9`
    /// could: `SLUICE_KILL_AT=NAME`, or `NAME:COUNT` for the time that it is reached the COUNT-th time.
    ///
    /// Each stands right before or after a step that changes something that lasts: a file, the ledger, the API's books.
    /// Release builds have none.
    package enum KillPoint: String, CaseIterable, Sendable {
        // The claim.
        case claimBegins, claimed, companionsRemoved
        /// Between two file systems: the file lies in the passage; its copy is in `.work`; the passage is empty.
        case crossingBegins, crossingCopied, crossingDone
        /// Reading showed that a drop is unfinished.
        case goingBack, wentBack
        /// A foreign file's copy is made, and takes the file's place or goes.
        case ownCopyMade, ownCopyPlaced, ownCopyRemoved

        // What is written down before anything leaves.
        case judged, enlisted, admissionBegins, admitted

        // Any commit of the ledger: all is written and nothing committed; all is committed and nobody told.
        case transactionOpen, transactionCommitted

        // The token.
        case tokenIntended, tokenFetched, tokenWritten, tokenKept

        // A request and its answer.
        case requestBegins, requestIntended, bodyHalfSent, answerArrived, answerCommitted
        case retryWaits, partAccepted, waitsForAccount
        case statusArrived, statusCommitted

        // A request that several drops share: its body is kept; its drops are in the ledger; they are apart again.
        case jointKept, joined, dissolved

        // Bodies that have to be repeated to the letter.
        case bodyWritten, bodyKept, bodiesForgotten

        // The end of a drop's way.
        case outcomeDecided, nameReserved, outcomeCommitted
        case resultWritten, resultPlaced, moved, workCleared, closed
        /// Between two file systems, or where the file was foreign.
        case copyMade, copyPlaced, originalRemoved
        /// The chosen name was taken by somebody else.
        case resultWithdrawn, otherNameReserved, otherNameCommitted

        // A failed drop that is put back by itself.
        case outageNoted, returnBegins, returnIntended, returnCopyPlaced, returnMoved, returnWithdrawn, returnCommitted

        // A filed drop whose time in its folder is over.
        case removalBegins, removalIntended, dropRemoved, resultRemoved, removalCommitted

        // A start.
        case ledgerOpened, leftoversFound, orphanAdopted

        // Commands.
        case retryBegins, retryNoted, retryCopyMade, retryCopyPlaced, retryMoved, retryEnded
        case backupCopied, backupPlaced
    }

    extension KillPoint {
        /// The instant is now. Returns unless it is the one that was asked for.
        package func reach() {
            KillSwitch.wanted?.reach(self)
        }

        /// Reads the environment.
        ///
        /// - Returns: what is wrong with it, in a person's words: a point that does not exist would never be reached.
        package static func problem(in environment: [String: String]) -> String? {
            guard let text = environment[KillSwitch.variable] else { return nil }
            return KillSwitch.parse(text) == nil
                ? "\(KillSwitch.variable): \"\(text)\" is no kill point; there are "
                    + allCases.map(\.rawValue).joined(separator: ", ")
                : nil
        }
    }

    /// The one kill point that this process dies at.
    private final class KillSwitch: Sendable {
        static let variable = "SLUICE_KILL_AT"
        static let wanted: KillSwitch? = getenv(variable).flatMap { parse(String(cString: $0)) }
            .map { KillSwitch($0.point, count: $0.count) }

        private let point: KillPoint
        private let left: Mutex<Int>

        private init(_ point: KillPoint, count: Int) {
            self.point = point
            left = Mutex(count)
        }

        static func parse(_ text: String) -> (point: KillPoint, count: Int)? {
            let words = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = words.first, let point = KillPoint(rawValue: String(name)) else { return nil }
            guard words.count == 2 else { return (point, 1) }
            guard let count = Int(words[1]), count > 0 else { return nil }
            return (point, count)
        }

        func reach(_ reached: KillPoint) {
            guard reached == point else { return }
            let isOver = left.withLock { left in
                left -= 1
                return left == 0
            }
            guard isOver else { return }
            kill(getpid(), SIGKILL)
            // Nothing more happens on this thread.
            while true { pause() }
        }
    }
#else
    /// Kill points are for debug builds: here nothing is left of them, their names included. For that it is public: the
    /// compiler inlines nothing else in other modules.
    @dynamicMemberLookup public struct KillPoint: Sendable {
        @inlinable init() {}

        @inlinable public static subscript(dynamicMember name: StaticString) -> KillPoint {
            @inline(__always) get { KillPoint() }
        }

        /// Does nothing.
        @inlinable @inline(__always) public func reach() {}

        /// - Returns: `nil`: no environment means anything to this build.
        @inlinable @inline(__always) public static func problem(in environment: [String: String]) -> String? { nil }
    }
#endif
