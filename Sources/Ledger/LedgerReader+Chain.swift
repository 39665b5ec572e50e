import GRDB
import Model

/// What became of the chain over closed drops.
package struct ChainReport: Sendable, Hashable {
    package struct Finding: Sendable, Hashable {
        package var drop: DropID?
        package var message: String
    }

    /// How many closings there are.
    package var count = 0
    /// The hash over all of them.
    package var head: [UInt8] = Chain.origin
    package var findings: [Finding] = []

    package init(findings: [Finding] = []) {
        self.findings = findings
    }

    /// A head that was written down earlier, as `COUNT:HASH`.
    package struct Anchor: Sendable, Hashable, CustomStringConvertible {
        package let count: Int
        package let head: String

        /// - Returns: `nil` for what is not of this form.
        package init?(_ text: String) {
            guard let match = text.wholeMatch(of: /([0-9]{1,18}):([0-9a-f]{64})/), let count = Int(match.1) else {
                return nil
            }
            self.count = count
            head = String(match.2)
        }

        package var description: String { "\(count):\(head)" }
    }

    package var anchor: String { "\(count):\(head.hex)" }
}

extension LedgerReader {
    /// Verifies that no closing is missing or altered, and that the ledger says of each closed drop what it said when
    /// it was closed last.
    ///
    /// - Parameters:
    ///   - since: of drops that ended before, only the closings are looked at.
    ///   - anchor: what the chain has to go through.
    package func verifyChain(since: Timestamp? = nil, anchor: ChainReport.Anchor? = nil) throws -> ChainReport {
        try queue.read { database in
            guard try database.tableExists("closings") else {
                return ChainReport(findings: [.init(message: "this ledger has no chain yet: start the service once")])
            }
            var report = ChainReport()
            var last: [String: [UInt8]] = [:]
            var isBroken = false
            try database.each("SELECT * FROM closings ORDER BY seq") { row in
                let number = row.number("seq")
                let (id, digest, head) = (row.text("dropID"), row.bytes("digest"), row.bytes("head"))
                report.count += 1
                if !isBroken, head != Chain.link(id, digest, after: report.head) || number != report.count {
                    // All after it would be reported, too.
                    isBroken = true
                    report.findings.append(
                        .init(
                            drop: DropID(text: id),
                            message: "the chain of closed drops breaks at closing \(report.count): a row was removed"
                                + " or altered"))
                }
                report.head = head
                last[id] = digest
                if let anchor, anchor.count == report.count, anchor.head != head.hex {
                    report.findings.append(
                        .init(message: "closing \(anchor.count) is another than the one that was written down"))
                }
            }
            if let anchor, anchor.count > report.count {
                report.findings.append(
                    .init(
                        message: "the chain ends at closing \(report.count), before the one that was written down"
                            + " (\(anchor.count))"))
            }
            report.findings += try LedgerReader.compare(last, since, database)
            return report
        }
    }

    private static func compare(
        _ last: [String: [UInt8]], _ since: Timestamp?, _ database: Database
    ) throws -> [ChainReport.Finding] {
        var findings: [ChainReport.Finding] = []
        var unseen = Set(last.keys)
        try database.each("SELECT id, state, finishedAt FROM drops ORDER BY arrival") { row in
            let id = row.text("id")
            unseen.remove(id)
            guard row.text("state") == "filed" else { return }
            if let since, let end = row.optionalInteger("finishedAt"), end < since.milliseconds { return }
            let drop = DropID(text: id)
            guard let digest = last[id] else {
                findings.append(.init(drop: drop, message: "the drop is closed, and no closing of it is in the chain"))
                return
            }
            if try Chain.digest(of: id, database) != digest {
                findings.append(
                    .init(drop: drop, message: "the ledger says something else of it than when it was closed"))
            }
        }
        for id in unseen.sorted() {
            findings.append(
                .init(drop: DropID(text: id), message: "the drop was closed, and the ledger has no row of it"))
        }
        return findings
    }
}
