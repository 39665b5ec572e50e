import Model

/// Who in one inbox holds which identity, and with `strict` who is open.
struct DropLane: Sendable {
    /// Documents with more identities than this are not in the index, but looked through one by one.
    private static let indexed = 64

    /// Thousands that settle hold one identity each: only the second holder of one needs a list.
    private var byKey: [UInt64: Holders] = [:]
    private var large: [DropID: IdentityKeys] = [:]
    /// With `strict`, the arrival numbers of what is not concluded, ascending.
    private var arrivals: [(arrival: Int64, drop: DropID)] = []
    private var taken: Set<DropID> = []

    private enum Holders: Sendable {
        case one(DropID)
        case more([DropID])

        var all: [DropID] {
            switch self {
            case .one(let drop): [drop]
            case .more(let drops): drops
            }
        }

        func adding(_ drop: DropID) -> Holders { .more(all + [drop]) }

        /// - Returns: `nil` where nobody is left.
        func removing(_ drop: DropID) -> Holders? {
            let others = all.filter { $0 != drop }
            return others.count > 1 ? .more(others) : others.first.map { .one($0) }
        }
    }

    var isEmpty: Bool { byKey.isEmpty && large.isEmpty && arrivals.isEmpty }

    mutating func add(_ drop: DropID, _ keys: IdentityKeys) {
        if keys.count > DropLane.indexed {
            large[drop] = keys
        } else {
            for key in keys.sorted { byKey[key] = byKey[key]?.adding(drop) ?? .one(drop) }
        }
    }

    mutating func remove(_ drop: DropID, _ keys: IdentityKeys) {
        if keys.count > DropLane.indexed {
            large[drop] = nil
            return
        }
        for key in keys.sorted { byKey[key] = byKey[key]?.removing(drop) }
    }

    /// Those that hold one of these identities, each once.
    func sharing(_ keys: IdentityKeys) -> Set<DropID> {
        var found: Set<DropID> = []
        for (drop, others) in large where others.meets(keys) { found.insert(drop) }
        if keys.count <= byKey.count {
            for key in keys.sorted { found.formUnion(byKey[key]?.all ?? []) }
        } else {
            for (key, holders) in byKey where keys.contains(key) { found.formUnion(holders.all) }
        }
        return found
    }

    // MARK: One after the other

    mutating func open(_ drop: DropID, arrival: Int64) {
        arrivals.insert((arrival, drop), at: index(of: arrival))
    }

    mutating func take(_ drop: DropID) {
        taken.insert(drop)
    }

    /// - Returns: who is first now.
    mutating func close(_ drop: DropID, arrival: Int64) -> [DropID] {
        taken.remove(drop)
        let index = index(of: arrival)
        if index < arrivals.count, arrivals[index].drop == drop { arrivals.remove(at: index) }
        return arrivals.first.map { [$0.drop] } ?? []
    }

    /// Whose turn it is.
    var first: DropID? { taken.first ?? arrivals.first?.drop }

    /// Whoever is closed already goes on as it likes.
    func isFirst(_ drop: DropID, arrival: Int64) -> Bool {
        if taken.contains(drop) { return true }
        let index = index(of: arrival)
        guard index < arrivals.count, arrivals[index].drop == drop else { return true }
        return index == 0 && taken.isEmpty
    }

    /// The first place whose arrival is not before this one.
    private func index(of arrival: Int64) -> Int {
        var low = 0
        var high = arrivals.count
        while low < high {
            let middle = (low + high) / 2
            if arrivals[middle].arrival < arrival { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
