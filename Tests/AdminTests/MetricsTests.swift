import Foundation
import Testing
import TestSupport

/// `/metrics` and health against a running service.
@Suite struct MetricsTests {
    /// Prints each sample as NAME{LABELS} VALUE, and fails where a real parser would.
    private static let parser = """
        import sys
        from prometheus_client.parser import text_string_to_metric_families
        for family in text_string_to_metric_families(sys.stdin.read()):
            assert family.documentation, family.name
            assert family.type != "unknown", family.name
            for sample in family.samples:
                labels = ",".join(f"{key}={value}" for key, value in sorted(sample.labels.items()))
                print(f"{sample.name}{{{labels}}} {sample.value}")
        """

    private static func samples(_ text: String) async throws -> [String: Double] {
        let ended = try await AdminStage.python("python3", ["-c", parser], input: text)
        #expect(ended.isSuccess, "\(ended.output)")
        var samples: [String: Double] = [:]
        for line in ended.output.split(separator: "\n") {
            guard let space = line.lastIndex(of: " ") else { continue }
            samples[String(line[..<space])] = Double(line[line.index(after: space)...])
        }
        return samples
    }

    /// The labels of each series, by the metric's name.
    static func labels(_ text: String) async throws -> [String: [[String: String]]] {
        var found: [String: [[String: String]]] = [:]
        for series in try await samples(text).keys {
            let halves = series.dropLast().split(separator: "{", maxSplits: 1)
            guard let name = halves.first else { continue }
            let pairs = (halves.count > 1 ? halves[1].split(separator: ",") : []).map {
                $0.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            }
            found[String(name), default: []].append(Dictionary(uniqueKeysWithValues: pairs.map { ($0[0], $0[1]) }))
        }
        return found
    }

    @Test func whatHappenedIsCounted() async throws {
        try await AdminStage.run { stage in
            try await stage.drop("good.json", "INV-1")
            try await stage.drop("again.json", "INV-1")
            try await stage.drop("bad.json", "INV-9", amount: "-5")
            let answer = try await stage.get("/metrics")
            #expect(answer.header("Content-Type") == "text/plain; version=0.0.4; charset=utf-8")
            let samples = try await Self.samples(answer.body)
            #expect(samples["sluice_drops_total{code=,inbox=erp,kind=account,outcome=accepted}"] == 1)
            #expect(samples["sluice_drops_total{code=,inbox=erp,kind=account,outcome=duplicate}"] == 1)
            #expect(samples["sluice_drops_total{code=schema.json,inbox=erp,kind=account,outcome=failed}"] == 1)
            #expect(samples["sluice_last_filed_timestamp_seconds{inbox=erp,outcome=failed}"] ?? 0 > 1_700_000_000)
            #expect(samples["sluice_requests_total{purpose=submit,status=202}"] == 1)
            #expect(samples["sluice_requests_total{purpose=token,status=200}"] == 1)
            #expect(samples["sluice_attempts_total{inbox=erp}"] == 1)
            #expect(samples["sluice_stage_seconds_count{stage=judge}"] == 3)
            #expect(samples["sluice_stage_seconds_count{stage=total}"] == 3)
            #expect(samples["sluice_stage_seconds_count{stage=submit}"] == 1)
            #expect(samples["sluice_request_seconds_count{purpose=submit}"] == 1)
            #expect(samples["sluice_rate_limit{}"] == 1000)
            #expect(samples["sluice_breaker_open{cause=outage}"] == 0)
            #expect(samples["sluice_documents_bytes{}"] == 0)
            #expect(samples["sluice_ledger_bytes{}"] ?? 0 > 4096)
            #expect(samples["process_resident_memory_bytes{}"] ?? 0 > 1_000_000)
            #expect(samples["sluice_token_left_seconds{}"] ?? 0 > 80_000)
        }
    }

    @Test func healthSaysReadyWhileInboxesAreAtWork() async throws {
        try await AdminStage.run { stage in
            #expect(try await stage.get("/health/live").body == "live\n")
            try await eventually("it is ready") { try await stage.get("/health/ready").status == 200 }
            _ = try await stage.post("/api/v1/pause")
            try await eventually("it says that it is paused") {
                try await stage.get("/health/ready").body.contains("degraded: everything is paused")
            }
        }
    }
}
