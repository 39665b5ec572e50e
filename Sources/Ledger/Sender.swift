import GRDB
import Model

/// Whose body a request carries: that of one drop's batch, or that of several drops.
enum Sender: Sendable, Hashable {
    case batch(Int64)
    case joint(Int64)

    /// - Parameter row: of `requests`.
    /// - Returns: `nil` for a request that is no batch's.
    init?(_ row: inout Columns) {
        if let joint = row.optionalInteger("joint") {
            self = .joint(joint)
        } else if let batch = row.optionalInteger("batchID") {
            self = .batch(batch)
        } else {
            return nil
        }
    }

    var batch: Int64? { if case .batch(let id) = self { id } else { nil } }
    var joint: Int64? { if case .joint(let id) = self { id } else { nil } }

    private var table: String {
        switch self {
        case .batch: "batches"
        case .joint: "joints"
        }
    }

    private var id: Int64 {
        switch self {
        case .batch(let id), .joint(let id): id
        }
    }

    func become(_ state: BatchState, _ database: Database) throws {
        try database.run("UPDATE \(table) SET state = ? WHERE id = ?", state.rawValue, id)
    }

    /// What is `nil` stays as it was.
    func end(_ state: BatchState?, _ statusURI: String?, _ response: String?, _ database: Database) throws {
        guard state != nil || statusURI != nil || response != nil else { return }
        try database.run(
            """
            UPDATE \(table) SET state = COALESCE(?, state), statusURI = COALESCE(?, statusURI),
                response = COALESCE(?, response) WHERE id = ?
            """, state?.rawValue, statusURI, response, id)
    }
}
