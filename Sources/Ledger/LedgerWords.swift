import Model
import SystemPackage

/// What an admin is told of a ledger that cannot be trusted to know everything, and what there is to decide.
enum LedgerWords {
    private static let decision = """
        Nothing is taken or sent until an admin has decided. Either stop the service, move ledger.sqlite, \
        ledger.sqlite-wal and ledger.sqlite-shm out of the state folder, put the newest copy that `sluice backup` made \
        there as ledger.sqlite, and start the service again; or go on without it, with `sluice resume`.
        """
    private static let consequence = """
        Going on without it, what was accepted before is not known: content that is dropped again is sent again, \
        documents under the reference that they had, so that the API takes the same content once; payments that were \
        accepted in part are not told from new ones; and what lies in .work is taken as new.
        """

    static func corrupt(_ damage: String, keptAs file: FilePath?) -> String {
        let place = file.map { " It is kept as \($0), as it was." } ?? ""
        return "The ledger was corrupt: \(damage).\(place) The ledger in its place is new and empty. "
            + "\(decision) \(consequence)"
    }

    static func lost(_ evidence: String) -> String {
        "There was no ledger, and yet the service has run before: \(evidence). The ledger is new and empty. "
            + "\(decision) \(consequence)"
    }

    static func backup(of time: Timestamp) -> String {
        """
        This ledger is a copy that `sluice backup` made at \(time). It knows nothing of what came after. Nothing is \
        taken or sent until an admin has decided: `sluice audit` lists the files in done and failed that it does not \
        know; what is among them in done was accepted, and must not be dropped again. `sluice resume` goes on.
        """
    }
}
