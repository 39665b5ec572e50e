import Foundation

extension Books {
    /// The books as `/sandbox/books` shows them: accounts and claims sorted by identity, the others in their order.
    func page() throws -> Answer {
        let page: [String: Any] = [
            "accounts": try Self.lines(accounts), "claims": try Self.lines(claims),
            "payments": try Self.lines(payments), "attachments": try Self.lines(attachments),
        ]
        let body = try JSONSerialization.data(
            withJSONObject: page, options: [.sortedKeys, .withoutEscapingSlashes])
        return Answer(
            status: 200, headers: [("Content-Type", "application/json")], body: body + Data("\n".utf8))
    }

    private static func lines(_ states: [String: State]) throws -> [[String: Any]] {
        try states.sorted { $0.key < $1.key }.map { identity, state in
            [
                "identity": identity, "reference": state.reference, "times": state.times,
                "record": try object(state.record),
            ]
        }
    }

    private static func lines(_ entries: [Entry]) throws -> [[String: Any]] {
        try entries.map { entry in
            [
                "clientReferenceId": entry.clientReferenceId, "count": entry.count, "references": entry.references,
                "record": try object(entry.record),
            ]
        }
    }

    private static func object(_ record: String) throws -> Any {
        try JSONSerialization.jsonObject(with: Data(record.utf8))
    }
}
