import JSONText
import Model

extension JudgedDocument {
    /// What its records are about.
    package var identities: IdentityKeys { identities(ofParts: { _ in true }) }

    /// What the records of some of its parts, counted from 1, are about.
    package func identities(ofParts isWanted: (Int) -> Bool) -> IdentityKeys {
        guard let array = shape.array else { return .none }
        var keys: [UInt64] = []
        keys.reserveCapacity(array.count)
        var part = PartCounter(plan)
        for record in array.elements {
            if isWanted(part.next()), let key = JudgedDocument.key(of: record, kind) { keys.append(key) }
        }
        return IdentityKeys(keys)
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

/// Says of one record after the other which part of a plan it is in.
struct PartCounter {
    private let plan: BatchPlan
    private var part = 0
    private var seen = 0

    init(_ plan: BatchPlan) {
        self.plan = plan
    }

    mutating func next() -> Int {
        while part < plan.parts.count - 1 && seen == plan.parts[part].count {
            part += 1
            seen = 0
        }
        seen += 1
        return part + 1
    }
}
