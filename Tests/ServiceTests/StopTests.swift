import Foundation
import JSONText
import Ledger
import Model
import Sandbox
import Service
import SystemPackage
import Testing
import TestSupport

/// Stops at moments that no test can meet from outside: the ledger is brought to where the stop would have left it.
@Suite struct StopTests {
    @Test func aFinalRefusalThatWasNotConcludedIsNotSentAgain() async throws {
        try await Stage.prepare { stage in
            stage.sandbox.script([.hang])
            try await stage.serve {
                try stage.drop(Stage.account("INV-1"), as: "orders.json")
                try await eventually("it has left") {
                    stage.sandbox.scriptedAnswersLeft == 0
                }
            }
            // The answer came, and the service was stopped before it had acted upon it.
            do {
                let ledger = try Ledger(
                    state: FilePath(stage.folder.url.appendingPathComponent("state").path), boot: "test",
                    time: stage.time)
                let drop = try #require(try await ledger.unfinished(inbox: "erp").first?.drop)
                let batch = try #require(try await ledger.batches(of: drop.id).first)
                let (request, _) = try await ledger.begin(batch: batch.reference, of: drop.id, requestID: "r")
                try await ledger.end(
                    RequestEnd(
                        request: request, status: 422, duration: .milliseconds(7), error: .submitBadRequest,
                        batch: .refused, statusURI: nil, response: #"{"title": "No such debtor"}"#))
            }
            try await stage.serve {
                let result = try await stage.result(of: "orders.json")
                #expect(result.code == "submit.badRequest")
                #expect(result.json["message"]?.string == "The API answered 422: No such debtor")
                // Free again, as after any refusal.
                try stage.drop(Stage.account("INV-1"), as: "orders.2.json")
                #expect(try await stage.result(of: "orders.2.json").outcome == "accepted")
            }
            let sent = stage.sandbox.requests.filter { $0.path.hasSuffix("/v1/account") && $0.status == 202 }
            #expect(sent.count == 1)
        }
    }

    @Test func anEarlyAttachmentGoesOnWaitingAndFailsAfterItsTime() async throws {
        let time = SteppedTime()
        try await Stage.prepare(time: time) { stage in
            let inboxes: Stage.Inboxes = ["erp": "attachments: {wait: 72h}"]
            for day in 1...3 {
                try await stage.serve(inboxes) {
                    if day == 1 { try stage.drop("%PDF-1.4\nan invoice\n%%EOF\n", as: "INV-1.pdf") }
                    try await stage.sandbox.until { $0.requests.filter { $0.status == 404 }.count == day }
                }
                #expect(try Stage.names(in: stage.work) == ["INV-1.pdf"])
                time.step(by: .seconds(24 * 3600 + 60))
            }
            try await stage.serve(inboxes) {
                let result = try await stage.result(of: "INV-1.pdf")
                #expect(result.code == "submit.notFound")
                #expect(result.attempts.map { $0["status"]?.int } == [404, 404, 404, 404])
            }
        }
    }
}
