extension String {
    /// The candidate that differs in the fewest letters, or `nil` where a third of the letters or more would differ.
    func nearest(among candidates: [String]) -> String? {
        let distances = candidates.map { ($0, lowercased().distance(to: $0.lowercased())) }
        guard let (best, distance) = distances.min(by: { $0.1 < $1.1 }) else { return nil }
        return distance * 3 <= Swift.max(count, best.count) ? best : nil
    }

    /// How many letters must be changed, added, removed or swapped with their neighbour (optimal string alignment).
    private func distance(to other: String) -> Int {
        let (left, right) = (Array(self), Array(other))
        var rows = [Array(0...right.count)]
        for i in left.indices {
            var row = [i + 1]
            for j in right.indices {
                let change = rows[i][j] + (left[i] == right[j] ? 0 : 1)
                var best = Swift.min(change, rows[i][j + 1] + 1, row[j] + 1)
                if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
                    best = Swift.min(best, rows[i - 1][j - 1] + 1)
                }
                row.append(best)
            }
            rows.append(row)
        }
        return rows[left.count][right.count]
    }
}
