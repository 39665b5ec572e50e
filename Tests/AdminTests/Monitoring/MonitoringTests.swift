import Foundation
import JSONText
import Model
import Sandbox
import Subprocess
import SystemPackage
import TestSupport
import Testing

/// The rules and the dashboard of `docs/`, by Prometheus' own tool and against the metrics of a running service.
@Suite struct MonitoringTests {
    private static let docs = AdminStage.repository.appendingPathComponent("docs")

    /// Runs `promtool` (`scripts/setup --tests`).
    private static func promtool(_ arguments: [String], input: String = "") async throws -> AdminStage.Ended {
        let path = AdminStage.repository.appendingPathComponent(".build/prometheus/promtool").path
        let result = try await Subprocess.run(
            .path(FilePath(path)), arguments: Arguments(arguments), input: .string(input),
            output: .string(limit: 1 << 20), error: .string(limit: 1 << 20))
        return AdminStage.Ended(
            isSuccess: result.terminationStatus.isSuccess, output: result.standardOutput + result.standardError)
    }

    private static func path(_ name: String) -> String { docs.appendingPathComponent(name).path }

    @Test func prometheusTakesTheRules() async throws {
        let checked = try await Self.promtool(["check", "rules", Self.path("prometheus-alerts.yaml")])
        #expect(checked.isSuccess && checked.output.contains("SUCCESS"), "\(checked.output)")
    }

    @Test func everyRuleFiresWhenItShould() async throws {
        let tested = try await Self.promtool(["test", "rules", Self.path("prometheus-alerts.test.yaml")])
        #expect(tested.isSuccess, "\(tested.output)")
        let cases = try Self.docs.text(of: "prometheus-alerts.test.yaml")
        for rule in try await Expressions().rules {
            #expect(cases.contains(#"alertname="\#(rule.name)""#), "\(rule.name) has no case in which it fires")
        }
    }

    @Test func everyRuleSaysHowBadItIsAndWhatToDo() async throws {
        for rule in try await Expressions().rules {
            #expect(["critical", "warning", "info"].contains(rule.severity), "\(rule.name)")
            #expect(!rule.summary.isEmpty && rule.summary.count < 100, "\(rule.name)")
            #expect(rule.description.count > 60 && rule.description.hasSuffix("."), "\(rule.name)")
        }
    }

    @Test func prometheusTakesTheDashboardsQueries() async throws {
        let folder = try TemporaryFolder()
        let queries = try await Expressions().queries
        let rules = queries.enumerated().map { "  - {record: 'query:\($0)', expr: '\($1.expression)'}\n" }
        try folder.url.write(
            "groups:\n- name: dashboard\n  rules:\n\(rules.joined())", as: "rules.yaml")
        let checked = try await Self.promtool(["check", "rules", folder.path.appending("rules.yaml").string])
        #expect(checked.isSuccess && checked.output.contains("\(queries.count) rules"), "\(checked.output)")
    }

    @Test func whatIsAskedForIsThere() async throws {
        let expressions = try await Expressions()
        try await AdminStage.run { stage in
            try await Self.bringAllMetricsAbout(on: stage)
            let page = try await stage.get("/metrics").body
            let linted = try await Self.promtool(["check", "metrics"], input: page)
            #expect(linted.isSuccess, "\(linted.output)")
            let samples = try await MetricsTests.labels(page)
            // What Prometheus itself adds to all that it scrapes, and what it says of the scraping.
            let scraping = ["job": "sluice", "instance": ""]
            for use in expressions.uses where use.metric != "up" {
                guard let series = samples[use.metric] else {
                    Issue.record("\(use.place): there is no metric \(use.metric)")
                    continue
                }
                let known = Set(series.flatMap(\.keys)).union(scraping.keys)
                #expect(known.isSuperset(of: use.labels), "\(use.place): \(use.metric) has \(known.sorted())")
                let asked = use.values.filter { $0.key != "instance" }
                #expect(
                    series.contains { series in
                        asked.allSatisfy { (series[$0.key] ?? scraping[$0.key]) == $0.value }
                    }, "\(use.place): \(use.metric)\(use.values) is never there")
            }
            func labels(of metrics: [String]) -> Set<String> {
                Set(metrics.flatMap { samples[$0] ?? [] }.flatMap(\.keys)).union(scraping.keys)
            }
            for grouping in expressions.groupings {
                let known = labels(of: grouping.metrics)
                #expect(known.isSuperset(of: grouping.labels), "\(grouping.place): \(grouping.labels)")
            }
            for rule in expressions.rules {
                let known = labels(of: expressions.uses.filter { $0.place == rule.name }.map(\.metric))
                #expect(known.isSuperset(of: rule.labels), "\(rule.name): \(rule.labels)")
            }
        }
    }

    /// One drop of each outcome, one of them at the second attempt, a document whose request has no answer, and an attachment that waits for its account.
    private static func bringAllMetricsAbout(on stage: AdminStage) async throws {
        stage.sandbox.script([.status(503)])
        try await stage.drop("good.json", "INV-1")
        try await stage.drop("again.json", "INV-1")
        try await stage.drop("bad.json", "INV-9", amount: "-5")
        try stage.put("%PDF-1.7\n%%EOF", as: FileName("INV-404.pdf"))
        try await eventually("the attachment came too early") {
            stage.sandbox.requests.contains { $0.status == 404 }
        }
        stage.sandbox.script([.hang])
        try stage.put(AdminStage.account("INV-2"), as: FileName("silent.json"))
        try await eventually("the document is on its way") {
            try await stage.get("/metrics").body.contains(#"sluice_queue_oldest_document_seconds{inbox="erp"}"#)
        }
    }

    @Test func theDashboardCanBeImported() async throws {
        let dashboard = try JSONDocument(
            parsing: Array(Data(contentsOf: Self.docs.appendingPathComponent("grafana.json")))
        )
        .root
        #expect(dashboard["schemaVersion"]?.int ?? 0 >= 36)
        #expect(dashboard["id"]?.isNull == true && dashboard["uid"]?.string == "sluice")
        let variables = dashboard["templating"]?["list"]?.elements.compactMap { $0["name"]?.string } ?? []
        #expect(variables.first == "datasource" && variables.contains("inbox"))
        let own = ["__rate_interval", "__range"]
        for query in try await Expressions().queries {
            #expect(Set(variables + own).isSuperset(of: query.variables), "\(query.place)")
        }
        let panels = dashboard["panels"].map { Array($0.elements) } ?? []
        #expect(Set(panels.compactMap { $0["id"]?.int }).count == panels.count)
        var taken: [String: String] = [:]
        for panel in panels {
            let title = panel["title"]?.string ?? ""
            if panel["type"]?.string != "row" {
                #expect(panel["datasource"]?["uid"]?.string == "${datasource}", "\(title)")
                #expect(panel["targets"]?.count ?? 0 > 0, "\(title)")
            }
            let area = panel["gridPos"]
            let (x, y) = (area?["x"]?.int ?? -1, area?["y"]?.int ?? -1)
            #expect(x >= 0 && x + (area?["w"]?.int ?? 99) <= 24, "\(title) is too wide")
            for column in x..<x + (area?["w"]?.int ?? 0) {
                for row in y..<y + (area?["h"]?.int ?? 0) {
                    let other = taken.updateValue(title, forKey: "\(column),\(row)")
                    #expect(other == nil, "\(title) lies on \(other ?? "")")
                }
            }
        }
    }
}
