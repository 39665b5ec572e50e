import Foundation

/// How a status document is read: its names come from the configuration (`api.status`).
package struct StatusReading: Sendable, Hashable {
    /// The field that holds the status word, of the batch and of each record.
    package var field: String
    package var pending: [String]
    package var completed: [String]
    /// The field that lists the records.
    package var records: String
    package var refused: [String]

    package init(
        field: String = "status", pending: [String] = ["Queued", "Processing"], completed: [String] = ["Completed"],
        records: String = "records", refused: [String] = ["Rejected", "Failed"]
    ) {
        self.field = field
        self.pending = pending
        self.completed = completed
        self.records = records
        self.refused = refused
    }

    /// Words are compared without regard to case. A record whose word is not known is not refused.
    package func read(_ body: [UInt8]) -> Confirmation {
        guard let root = (try? JSONSerialization.jsonObject(with: Data(body))) as? [String: Any] else {
            return .unreadable("the status is no JSON object")
        }
        guard let word = root[field] as? String else { return .unreadable("the status has no \(field)") }
        if holds(pending, word) { return .pending }
        let list = list(root[records])
        let isRefused = holds(refused, word)
        guard isRefused || holds(completed, word) else { return .unreadable("the status is an unknown word") }
        if !list.refused.isEmpty { return .listed(list) }
        return isRefused ? .refused([]) : .completed
    }

    private func list(_ value: Any?) -> RecordList {
        var list = RecordList(names: [], refused: [])
        for (index, entry) in (value as? [Any] ?? []).enumerated() {
            let record = entry as? [String: Any] ?? [:]
            let name = StatusReading.name(of: record)
            list.names.append(name)
            guard let word = record[field] as? String, holds(refused, word) else { continue }
            list.refused.append(
                RecordRefusal(index: index, identity: name, word: word, message: StatusReading.words(of: record)))
        }
        return list
    }

    private static func name(of record: [String: Any]) -> String? {
        for field in ["clientReferenceId", "claimNumber"] {
            if let name = record[field] as? String, !name.isEmpty { return name }
        }
        return nil
    }

    /// What the API says of a record, under any of the usual names, and as long as it is.
    private static func words(of record: [String: Any]) -> String? {
        for name in ["message", "reason", "error", "detail"] {
            if let text = record[name] as? String, !text.isEmpty { return text }
        }
        return nil
    }

    private func holds(_ words: [String], _ word: String) -> Bool {
        words.contains { $0.caseInsensitiveCompare(word) == .orderedSame }
    }
}
