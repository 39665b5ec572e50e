import Foundation
import TestSupport
import Testing

/// The table in `docs/metrics.md` has the metrics that the program writes, and no others.
@Suite struct MetricTableTests {
    @Test func theTableHasEveryMetric() throws {
        let source = try Pages.repository.appendingPathComponent("Sources/Admin").text(of: "MetricsPage.swift")
        let page = try Pages.repository.appendingPathComponent("docs").text(of: "metrics.md")
        let written = Set(source.matches(of: /"((?:sluice|process)_[a-z_]+)"/).map { String($0.1) })
        let told = Set(page.matches(of: /\n\| `((?:sluice|process)_[a-z_]+)` \|/).map { String($0.1) })
        #expect(written.count > 20)
        #expect(told == written)
    }
}
