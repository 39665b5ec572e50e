import Foundation
import JSONText

/// What `docs/prometheus-alerts.yaml` and `docs/grafana.json` ask of Prometheus, as its language is parsed.
struct Expressions: Sendable {
    /// A metric in an expression.
    struct Use: Sendable {
        /// The rule or the panel.
        var place: String
        var metric: String
        /// The labels that are compared with one value.
        var values: [String: String]
        /// All labels that are compared.
        var labels: [String]
    }

    /// Labels of a `by` or `on`, and the metrics that they are taken from.
    struct Grouping: Sendable {
        var place: String
        var labels: [String]
        var metrics: [String]
    }

    struct Rule: Sendable {
        var name: String
        var severity: String
        var summary: String
        var description: String
        /// The labels that its sentences name.
        var labels: [String]
    }

    /// A panel or a variable of the dashboard.
    struct Query: Sendable {
        var place: String
        /// With numbers in the place of Grafana's variables.
        var expression: String
        /// The variables in it.
        var variables: [String]
    }

    var uses: [Use]
    var groupings: [Grouping]
    var rules: [Rule]
    var queries: [Query]

    init() async throws {
        let docs = AdminStage.repository.appendingPathComponent("docs").path
        let ended = try await AdminStage.python(
            "python3", ["-c", Expressions.reader, "\(docs)/prometheus-alerts.yaml", "\(docs)/grafana.json"])
        guard ended.isSuccess else { throw Unreadable(output: ended.output) }
        let found = try JSONDocument(parsing: Array(ended.output.utf8)).root
        uses = found["uses"].all.map {
            Use(
                place: $0["place"].text, metric: $0["metric"].text,
                values: Dictionary(
                    uniqueKeysWithValues: $0["values"]?.members.map { ($0.key.string, $0.value.string ?? "") } ?? []),
                labels: $0["labels"].texts)
        }
        groupings = found["groupings"].all.map {
            Grouping(place: $0["place"].text, labels: $0["labels"].texts, metrics: $0["metrics"].texts)
        }
        rules = found["rules"].all.map {
            Rule(
                name: $0["name"].text, severity: $0["severity"].text, summary: $0["summary"].text,
                description: $0["description"].text, labels: $0["labels"].texts)
        }
        queries = found["queries"].all.map {
            Query(place: $0["place"].text, expression: $0["expression"].text, variables: $0["variables"].texts)
        }
    }

    struct Unreadable: Error {
        var output: String
    }

    private static let reader = #"""
        import json, re, sys, yaml
        import promql_parser as promql

        found = {"uses": [], "groupings": [], "rules": [], "queries": []}

        def parts(node):
            for name in ("expr", "lhs", "rhs", "param", "vector_selector"):
                part = getattr(node, name, None)
                if part is not None:
                    yield part
            yield from getattr(node, "args", [])

        def labels(node):
            modifier = getattr(node, "modifier", None)
            matching = getattr(modifier, "matching", modifier)
            return list(matching.labels) if matching is not None else []

        # Returns the metrics below.
        def walk(place, node):
            metrics = []
            if isinstance(node, promql.VectorSelector):
                matchers = node.matchers.matchers
                equal = {m.name: m.value for m in matchers if m.op == promql.MatchOp.Equal}
                used = [m.name for m in matchers]
                found["uses"].append({"place": place, "metric": node.name, "values": equal, "labels": used})
                metrics.append(node.name)
            for part in parts(node):
                metrics += walk(place, part)
            if labels(node):
                found["groupings"].append({"place": place, "labels": labels(node), "metrics": metrics})
            return metrics

        for group in yaml.safe_load(open(sys.argv[1]))["groups"]:
            for rule in group["rules"]:
                texts = rule["annotations"]
                walk(rule["alert"], promql.parse(rule["expr"]))
                found["rules"].append({
                    "name": rule["alert"], "severity": rule["labels"]["severity"], "summary": texts["summary"],
                    "description": texts["description"],
                    "labels": re.findall(r"\$labels\.(\w+)", " ".join(texts.values()))})

        def query(place, text):
            variables = re.findall(r"\$(\w+)", text)
            text = text.replace("$__rate_interval", "5m").replace("$__range", "1h")
            found["queries"].append({"place": place, "expression": text, "variables": variables})
            walk(place, promql.parse(text))

        dashboard = json.load(open(sys.argv[2]))
        for panel in dashboard["panels"]:
            for target in panel.get("targets", []):
                query(panel["title"], target["expr"])
        for variable in dashboard["templating"]["list"]:
            if variable["type"] == "query":
                selector, label = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["definition"]).groups()
                assert variable["query"]["query"] == variable["definition"]
                query(variable["name"], f"count by ({label}) ({selector})")
        json.dump(found, sys.stdout)
        """#
}

extension JSONValue? {
    fileprivate var all: [JSONValue] { self.map { Array($0.elements) } ?? [] }
    fileprivate var text: String { self?.string ?? "" }
    fileprivate var texts: [String] { all.compactMap(\.string) }
}
