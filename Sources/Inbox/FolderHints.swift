import Model
import Synchronization
import SystemPackage

/// Where to look in one folder, gathered until somebody looks: an `AsyncSequence` of what came together meanwhile.
///
/// However many events come, it holds no more than ``limit`` names; beyond that it says to list the folder, which
/// is always right.
package final class FolderHints: AsyncSequence, HintReceiver, Sendable {
    package enum Hint: Sendable, Hashable {
        /// Look at one entry; `renamedIn`: it came by a rename, whole.
        case entry(FileName, renamedIn: Bool)
        /// List the folder.
        case listing
        /// The folder itself was moved or removed.
        case gone
        /// The folder's file system was unmounted.
        case unmounted
        /// The kernel refuses to tell of the folder.
        case unwatched(Errno)
        /// Nothing happened; a deadline may be due, or a stop was asked for.
        case wake
    }

    /// Everything that came since the last look.
    package struct Gathered: Sendable {
        package var mustList = false
        package var isGone = false
        package var isUnmounted = false
        package var unwatched: Errno?
        fileprivate var marks: [FileName: (number: Int, renamedIn: Bool)] = [:]

        /// The names to look at, in the order in which they were renamed in, or else first spoken of.
        package var entries: [(name: FileName, renamedIn: Bool)] {
            marks.sorted { $0.value.number < $1.value.number }.map { ($0.key, $0.value.renamedIn) }
        }

        fileprivate mutating func add(_ name: FileName, renamedIn: Bool, number: Int) {
            guard let mark = marks[name] else {
                marks[name] = (number, renamedIn)
                return
            }
            if renamedIn { marks[name] = (mark.renamedIn ? mark.number : number, true) }
        }
    }

    package typealias Element = Gathered

    private static let limit = 4096
    private let gathered = Mutex((number: 0, hints: Gathered()))
    private let signals: AsyncStream<Void>
    private let signal: AsyncStream<Void>.Continuation

    package init() {
        (signals, signal) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    package func add(_ hint: Hint) {
        gathered.withLock { gathered in
            switch hint {
            case .entry(let name, let renamedIn):
                gathered.number += 1
                if gathered.hints.marks.count >= FolderHints.limit && gathered.hints.marks[name] == nil {
                    gathered.hints.mustList = true
                } else {
                    gathered.hints.add(name, renamedIn: renamedIn, number: gathered.number)
                }
            case .listing: gathered.hints.mustList = true
            case .gone: gathered.hints.isGone = true
            case .unmounted: gathered.hints.isUnmounted = true
            case .unwatched(let error): gathered.hints.unwatched = error
            case .wake: break
            }
        }
        signal.yield()
    }

    /// Whether the folder was moved, removed or unmounted since the last look.
    package var tellOfLoss: Bool { gathered.withLock { $0.hints.isGone || $0.hints.isUnmounted } }

    package func finish() {
        signal.finish()
    }

    package func makeAsyncIterator() -> Iterator {
        Iterator(hints: self, signals: signals.makeAsyncIterator())
    }

    package struct Iterator: AsyncIteratorProtocol {
        fileprivate let hints: FolderHints
        fileprivate var signals: AsyncStream<Void>.Iterator

        package mutating func next(isolation actor: isolated (any Actor)?) async -> Gathered? {
            guard await signals.next(isolation: actor) != nil else { return nil }
            return hints.gathered.withLock { gathered in
                defer { gathered.hints = Gathered() }
                return gathered.hints
            }
        }
    }
}
