import GRDB
import Model

/// Drops by a name alone, that from the inbox or that in its folder.
extension LedgerReader {
    /// The newest drop of each inbox that has this name.
    package func newest(named name: FileName) throws -> [DropEntry] {
        try queue.read { database in
            try database.all(
                """
                SELECT * FROM drops WHERE arrival IN
                    (SELECT MAX(arrival) FROM drops WHERE name = ? OR filedName = ? GROUP BY inbox)
                """, name, name
            ) { try DropEntry(&$0) }
        }
    }

    /// The newest drop of each inbox whose name is shown to people so, with a byte that they could not read as `\xNN`.
    package func newest(shownAs name: String) throws -> [DropEntry] {
        // What is before the first such byte is the same in both forms; without one, so is all of it.
        guard let escape = name.utf8.firstIndex(of: UInt8(ascii: "\\")) else { return [] }
        var newest: [String: DropEntry] = [:]
        let query = DropQuery(text: String(name[..<escape]), reach: .everything, limit: .max)
        try eachPage(of: query) { page in
            for entry in page where newest[entry.drop.inbox] == nil {
                let isShownSo = [entry.drop.name, entry.filedName].contains { own in
                    own?.description.utf8.elementsEqual(name.utf8) ?? false
                }
                if isShownSo { newest[entry.drop.inbox] = entry }
            }
        }
        return Array(newest.values)
    }
}
