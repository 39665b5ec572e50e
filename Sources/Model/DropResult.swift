/// What the sidecar beside a filed drop says (contract, section 10; `schemas/result.schema.json`).
package struct DropResult: Sendable, Hashable {
    package struct BatchReport: Sendable, Hashable {
        package var batch: Batch
        package var attempts: [Attempt]
        /// Present with `results: full`.
        package var statusURI: String?
        package var response: String?

        package init(batch: Batch, attempts: [Attempt], statusURI: String? = nil, response: String? = nil) {
            self.batch = batch
            self.attempts = attempts
            self.statusURI = statusURI
            self.response = response
        }
    }

    package var drop: Drop
    package var kind: Kind?
    package var sha256: [UInt8]?
    package var outcome: Outcome
    package var isConfirmed: Bool
    package var problem: Problem?
    package var finishedAt: Timestamp
    package var batches: [BatchReport]
    package var duplicateOf: FileName?
    /// The records that were left out, for an earlier document brought them.
    package var alreadyAccepted: [AcceptedRecord]
    /// Whether batches carry `statusURI` and `response`.
    package var isFull: Bool

    package init(
        drop: Drop, kind: Kind?, sha256: [UInt8]?, outcome: Outcome, isConfirmed: Bool = false,
        problem: Problem? = nil, finishedAt: Timestamp, batches: [BatchReport] = [], duplicateOf: FileName? = nil,
        alreadyAccepted: [AcceptedRecord] = [], isFull: Bool = false
    ) {
        self.drop = drop
        self.kind = kind
        self.sha256 = sha256
        self.outcome = outcome
        self.isConfirmed = isConfirmed
        self.problem = problem
        self.finishedAt = finishedAt
        self.batches = batches
        self.duplicateOf = duplicateOf
        self.alreadyAccepted = alreadyAccepted
        self.isFull = isFull
    }

    /// The same, where what records are about is shown to nobody.
    ///
    /// - Parameter mask: what is shown instead.
    package func withoutRecords(showing mask: String) -> DropResult {
        var result = self
        for index in alreadyAccepted.indices { result.alreadyAccepted[index].record = mask }
        return result
    }

    /// The sentence that a person reads first.
    package var message: String {
        switch outcome {
        case .accepted: "Accepted by the API."
        case .duplicate:
            duplicateOf.map { "The same content was accepted before as \($0); nothing was sent." }
                ?? "The same content was accepted before; nothing was sent."
        case .failed: problem?.message ?? ""
        }
    }

    /// What to do, empty where nothing is to be done.
    package var action: String { problem?.code.action ?? "" }

    /// The sidecar: JSON in UTF-8, its members in the order of the contract, with a line feed at the end.
    package var sidecar: [UInt8] {
        var json = JSONWriter(indented: true)
        json.object {
            $0.member("version", 1)
            $0.member("outcome", outcome.rawValue)
            $0.member("retryable", problem?.code.isRetryable ?? false)
            $0.member("confirmed", isConfirmed)
            $0.member("stage", problem?.code.stage.rawValue)
            $0.member("code", problem?.code.rawValue)
            $0.member("message", message)
            $0.member("action", action)
            $0.member("drop") { write(drop, to: &$0) }
            $0.member("errorCount", problem?.findingCount ?? 0)
            $0.member("errors") { json in
                json.array { list in
                    for finding in problem?.findings ?? [] { list.element { finding.write(to: &$0) } }
                }
            }
            $0.member("batches") { json in
                json.array { list in
                    for report in batches { list.element { report.write(to: &$0, isFull: isFull) } }
                }
            }
            $0.member("alreadyAccepted") { json in
                json.array { list in
                    for record in alreadyAccepted { list.element { record.write(to: &$0) } }
                }
            }
            $0.member("duplicateOf", duplicateOf?.description)
        }
        return json.bytes + [UInt8(ascii: "\n")]
    }

    private func write(_ drop: Drop, to json: inout JSONWriter) {
        json.object {
            $0.member("id", drop.id.text)
            $0.member("inbox", drop.inbox)
            $0.member("name", drop.name.description)
            $0.member("kind", kind?.rawValue)
            $0.member("bytes", drop.bytes)
            $0.member("sha256", sha256?.hex)
            $0.member("receivedAt", drop.receivedAt.description)
            $0.member("finishedAt", finishedAt.description)
        }
    }
}

extension DropResult.BatchReport {
    /// - Parameter isFull: whether the API's answer and the status URI are told.
    package func write(to json: inout JSONWriter, isFull: Bool) {
        json.object {
            $0.member("reference", batch.reference)
            $0.member("records", batch.records)
            $0.member("bytes", batch.bytes)
            $0.member("state", batch.state.rawValue)
            if let joined = batch.joined {
                $0.member("joined") { json in
                    json.object {
                        $0.member("drops", joined.drops)
                        $0.member("place", joined.place)
                        $0.member("records", joined.records)
                        $0.member("firstRecord", joined.firstRecord)
                        $0.member("bytes", joined.bytes)
                    }
                }
            }
            $0.member("attempts") { json in
                json.array { list in
                    for attempt in attempts { list.element { attempt.write(to: &$0) } }
                }
            }
            if isFull {
                $0.member("statusURI", statusURI)
                $0.member("response", response)
            }
        }
    }
}

extension Finding {
    package func write(to json: inout JSONWriter) {
        json.object {
            $0.member("pointer", pointer)
            $0.member("line") { $0.value(line) }
            $0.member("column") { $0.value(column) }
            $0.member("keyword", keyword)
            $0.member("message", message)
            $0.member("record", record)
        }
    }
}

extension Attempt {
    package func write(to json: inout JSONWriter) {
        json.object {
            $0.member("at", at.description)
            $0.member("status") { $0.value(status) }
            $0.member("durationMs") { $0.value(duration?.wholeMilliseconds) }
            $0.member("error", error?.rawValue)
        }
    }
}

extension JSONWriter {
    package mutating func value(_ value: (some BinaryInteger)?) {
        if let value { self.value(value) } else { self.value(String?.none) }
    }
}

extension [UInt8] {
    /// Lower-case hexadecimal digits.
    package var hex: String {
        String(unsafeUninitializedCapacity: 2 * count) { text in
            for (index, byte) in enumerated() {
                text[2 * index] = digit(byte >> 4)
                text[2 * index + 1] = digit(byte & 15)
            }
            return 2 * count
        }
    }

    private func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }
}
