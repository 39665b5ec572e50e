import Ledger
import Model
import Service

/// Finds the failed drops that still lie in their folders: those that were tried again do not.
struct FailedSearch {
    /// Rows of the ledger that one page looks at; what is older is on the next.
    private static let most = 2000
    private static let piece = 100

    private let administration: Administration
    private let inbox: String?
    private let code: Code?

    init(_ administration: Administration, inbox: String?, code: Code?) {
        self.administration = administration
        self.inbox = inbox
        self.code = code
    }

    /// - Parameter before: an arrival.
    /// - Returns: the newest, and where the next page goes on; `nil`: nowhere.
    /// - Throws: what reading the ledger throws.
    func page(before: Int64?, size: Int) throws -> (drops: [DropEntry], next: Int64?) {
        var found: [DropEntry] = []
        var before = before
        for _ in 0..<FailedSearch.most / FailedSearch.piece {
            let rows = try administration.ledger.drops(
                DropQuery(state: .ended(.failed), inbox: inbox, code: code, before: before, limit: FailedSearch.piece))
            for entry in rows {
                // A folder that cannot be looked into may hold it.
                guard (try? administration.isThere(entry)) ?? true else { continue }
                if found.count == size { return (found, found.last?.drop.arrival) }
                found.append(entry)
            }
            guard rows.count == FailedSearch.piece else { return (found, nil) }
            before = rows.last?.drop.arrival
        }
        return (found, before)
    }
}
