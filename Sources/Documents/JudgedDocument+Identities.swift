import JSONText
import Model

extension JudgedDocument {
    /// What its records are about.
    package var identities: IdentityKeys {
        get throws {
            if let knownIdentities { return knownIdentities }
            var keys: [UInt64] = []
            keys.reserveCapacity(records)
            try text.forEachRecord { record in
                if let key = JudgedDocument.key(of: record, kind) { keys.append(key) }
            }
            return IdentityKeys(keys)
        }
    }

    /// What a record is about: its `clientReferenceId`, or the number of a claim without one.
    static func key(of record: JSONValue, _ kind: Kind) -> UInt64? {
        if let reference = record["clientReferenceId"]?.string, !reference.isEmpty {
            return IdentityKeys.key(clientReferenceId: reference)
        }
        guard kind == .claim else { return nil }
        return record["claimNumber"]?.string.map { IdentityKeys.key(claimNumber: $0) }
    }

    /// The text of ``key(of:_:)``, for people.
    static func identity(of record: JSONValue, _ kind: Kind) -> String? {
        for field in kind.identityFields {
            if let identity = record[field]?.string, !identity.isEmpty { return identity }
        }
        return nil
    }
}
