/// A dictionary for many values that are large: its table holds numbers, and the values lie side by side in an array that
/// grows by a quarter. (A `Dictionary` doubles with all that is in it, and is half empty then.)
struct PackedDictionary<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private var numbers: [Key: Int32] = [:]
    private var places: [Value?] = []
    private var free: [Int32] = []

    var count: Int { numbers.count }
    var isEmpty: Bool { numbers.isEmpty }
    var values: some Sequence<Value> { places.lazy.compactMap(\.self) }

    /// Changes a value where it lies; `nil` removes it.
    subscript(key: Key) -> Value? {
        get { numbers[key].flatMap { places[Int($0)] } }
        _modify {
            if let number = numbers[key] {
                yield &places[Int(number)]
                if places[Int(number)] == nil { removeNumber(of: key) }
            } else {
                var value: Value?
                yield &value
                if let value { add(value, key) }
            }
        }
    }

    mutating func removeValue(forKey key: Key) -> Value? {
        guard let number = numbers[key] else { return nil }
        let value = places[Int(number)].take()
        removeNumber(of: key)
        return value
    }

    private mutating func add(_ value: Value, _ key: Key) {
        if let number = free.popLast() {
            places[Int(number)] = value
            numbers[key] = number
            return
        }
        if places.count == places.capacity { places.reserveCapacity(places.count + max(16, places.count / 4)) }
        numbers[key] = Int32(places.count)
        places.append(value)
    }

    private mutating func removeNumber(of key: Key) {
        guard let number = numbers.removeValue(forKey: key) else { return }
        if numbers.isEmpty {
            self = PackedDictionary()
        } else {
            free.append(number)
        }
    }
}
