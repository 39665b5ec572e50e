import Model
import Synchronization

/// Whoever is told where to look.
package protocol HintReceiver: AnyObject, Sendable {
    /// Called from any thread.
    func add(_ hint: FolderHints.Hint)
}

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
        /// The folder itself was moved, removed or unmounted.
        case gone
        /// Nothing happened; a deadline may be due, or a stop was asked for.
        case wake
    }

    /// Everything that came since the last look.
    package struct Gathered: Sendable {
        package var mustList = false
        package var isGone = false
        /// The names to look at; `true` for those that came by a rename.
        package var entries: [FileName: Bool] = [:]
    }

    package typealias Element = Gathered

    private static let limit = 4096
    private let gathered = Mutex(Gathered())
    private let signals: AsyncStream<Void>
    private let signal: AsyncStream<Void>.Continuation

    package init() {
        (signals, signal) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    package func add(_ hint: Hint) {
        gathered.withLock { gathered in
            switch hint {
            case .entry(let name, let renamedIn):
                if gathered.entries.count >= FolderHints.limit && gathered.entries[name] == nil {
                    gathered.mustList = true
                } else {
                    gathered.entries[name] = (gathered.entries[name] ?? false) || renamedIn
                }
            case .listing: gathered.mustList = true
            case .gone: gathered.isGone = true
            case .wake: break
            }
        }
        signal.yield()
    }

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
                defer { gathered = Gathered() }
                return gathered
            }
        }
    }
}
