/// Metrics in Prometheus' text format, version 0.0.4
/// (https://prometheus.io/docs/instrumenting/exposition_formats/).
struct PrometheusText: Sendable {
    enum MetricType: String { case counter, gauge, histogram }

    private(set) var text = ""

    /// Begins a metric; its samples follow.
    mutating func metric(_ name: String, _ type: MetricType, _ help: String) {
        text += "# HELP \(name) \(PrometheusText.escaped(help, quotes: false))\n# TYPE \(name) \(type.rawValue)\n"
    }

    mutating func sample(_ name: String, _ value: some BinaryInteger) {
        sample(name, labels: [], Double(value))
    }

    mutating func sample(_ name: String, _ value: Double) {
        sample(name, labels: [], value)
    }

    mutating func sample(_ name: String, _ labels: KeyValuePairs<String, String>, _ value: Int) {
        sample(name, labels: labels.map { ($0.key, $0.value) }, Double(value))
    }

    mutating func sample(_ name: String, _ labels: KeyValuePairs<String, String>, _ value: Double) {
        sample(name, labels: labels.map { ($0.key, $0.value) }, value)
    }

    /// A histogram's samples.
    ///
    /// - Parameter counts: one for each bound and one for the rest, not cumulative.
    mutating func histogram(
        _ name: String, _ labels: KeyValuePairs<String, String>, bounds: [Double], counts: [Int], sum: Double
    ) {
        let labels = labels.map { ($0.key, $0.value) }
        var total = 0
        for (bound, count) in zip(bounds.map(PrometheusText.number) + ["+Inf"], counts) {
            total += count
            sample("\(name)_bucket", labels: labels + [("le", bound)], Double(total))
        }
        sample("\(name)_sum", labels: labels, sum)
        sample("\(name)_count", labels: labels, Double(total))
    }

    private mutating func sample(_ name: String, labels: [(String, String)], _ value: Double) {
        text += name
        if !labels.isEmpty {
            let pairs = labels.map { "\($0.0)=\"\(PrometheusText.escaped($0.1, quotes: true))\"" }
            text += "{\(pairs.joined(separator: ","))}"
        }
        text += " \(PrometheusText.number(value))\n"
    }

    private static func number(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : String(value)
    }

    /// By scalars: a quote and a combining mark behind it are one Character.
    private static func escaped(_ text: String, quotes: Bool) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result.append(contentsOf: "\\\\".unicodeScalars)
            case "\n": result.append(contentsOf: "\\n".unicodeScalars)
            case "\"" where quotes: result.append(contentsOf: "\\\"".unicodeScalars)
            default: result.append(scalar)
            }
        }
        return String(result)
    }
}
