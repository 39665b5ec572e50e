#if KILL_POINTS
    import Foundation
    import Model
    import Sandbox
    import TestSupport
    import Testing

    /// `kill -9` while a payment document goes through in part, and while its corrected version follows.
    @Suite(.timeLimit(.minutes(10))) struct CrashInPartTests {
        /// The answer that refuses the second part is the second one.
        private static let points: [(KillPoint, count: Int)] = [
            (.admitted, 1), (.requestIntended, 2), (.answerArrived, 2), (.answerCommitted, 2), (.bodyWritten, 1),
            (.bodyKept, 1), (.outcomeDecided, 1), (.outcomeCommitted, 1), (.moved, 1), (.closed, 1),
        ]

        @Test(arguments: points) func nobodyIsPaidTwice(killedAt point: KillPoint, count: Int) async throws {
            try await CrashStage.places.whileIn {
                try await Sandbox.withServer(SandboxOptions(requestsPerMinute: nil)) { sandbox, address in
                    let stage = try CrashStage(sandbox, address)
                    sandbox.script([ScriptedAnswer](repeating: .status(400), count: 9), for: .reference("pay-2of3"))
                    try stage.put(Self.payments(amount: -3, reference: "pay", as: "bad-payments.json"))
                    #expect(try await stage.serve(until: point, count: count) == .killed, "\(point) was never reached")
                    try stage.expectOnePlaceEach()
                    #expect(try await stage.serve(until: nil) == .idle)
                    try await stage.expectTheEnd(mayKeepBodies: true)
                    #expect(sandbox.books.payments.map(\.clientReferenceId) == ["P-1", "P-2"])

                    try stage.put(Self.payments(amount: 3, reference: nil, as: "payments-corrected.json"))
                    _ = try await stage.serve(until: point, count: 1)
                    try stage.expectOnePlaceEach()
                    #expect(try await stage.serve(until: nil) == .idle)
                    try await stage.expectTheEnd(mayKeepBodies: true)
                    stage.expectBooks()
                    let payments = sandbox.books.payments
                    #expect(payments.map(\.clientReferenceId) == (1...5).map { "P-\($0)" })
                    #expect(payments.allSatisfy { $0.count == 1 })
                    let file = try #require(stage.files().first { $0.name == "payments-corrected.json" })
                    let result =
                        try JSONSerialization.jsonObject(with: Data(contentsOf: file.sidecar)) as? [String: Any]
                    let leftOut = try #require(result?["alreadyAccepted"] as? [[String: Any]])
                    #expect(leftOut.map { $0["record"] as? String } == ["P-1", "P-2"])
                }
            }
        }

        /// Five payments in three parts; the third has an amount that the API may not like.
        private static func payments(amount: Int, reference: String?, as name: String) -> DropSet.Drop {
            let records = (1...5).map { #"{"clientReferenceId":"P-\#($0)","amount":\#($0 == 3 ? amount : $0)}"# }
            let own = reference.map { #""batchReferenceId":"\#($0)","# } ?? ""
            let text = #"{\#(own)"payments":[\#(records.joined(separator: ","))]}"#
            return DropSet.Drop(place: "erp/inbox/\(name)", content: Data(text.utf8))
        }
    }
#endif
