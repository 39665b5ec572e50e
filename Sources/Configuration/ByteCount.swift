/// A number of bytes.
package struct ByteCount: Sendable, Hashable, Comparable, CustomStringConvertible {
    package var bytes: Int

    package init(_ bytes: Int) {
        self.bytes = bytes
    }

    package static func megabytes(_ count: Int) -> ByteCount {
        ByteCount(count * 1_000_000)
    }

    /// Reads `30MB` (30,000,000), `30MiB` (31,457,280) or `512` (bytes); `nil` for anything else.
    package init?(text: String) {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let count = Int(digits), let unit = Self.units[String(text.dropFirst(digits.count))] else { return nil }
        let (bytes, overflow) = count.multipliedReportingOverflow(by: unit)
        guard !overflow else { return nil }
        self.bytes = bytes
    }

    package static func < (left: ByteCount, right: ByteCount) -> Bool {
        left.bytes < right.bytes
    }

    /// The shortest exact form: `30MB`, `64KiB`, `1234`.
    package var description: String {
        for unit in ["GB", "GiB", "MB", "MiB", "kB", "KiB"] {
            if let size = Self.units[unit], bytes >= size, bytes % size == 0 { return "\(bytes / size)\(unit)" }
        }
        return "\(bytes)"
    }

    private static let units: [String: Int] = [
        "": 1, "B": 1, "kB": 1000, "KB": 1000, "MB": 1_000_000, "GB": 1_000_000_000,
        "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30,
    ]
}
