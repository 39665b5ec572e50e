import AsyncHTTPClient
import Foundation
import Model
import Testing
import TestSupport

@testable import Delivery

/// What networks and servers do that no HTTP library would.
@Suite(.timeLimit(.minutes(5))) struct MisbehaviourTests {
    private static let large = RequestBody.json(Array(repeating: UInt8(ascii: " "), count: 8_000_000))

    private func deliver(
        _ body: RequestBody = large, timeout: Duration = .seconds(20), attempts: Int = 1,
        _ handle: @escaping @Sendable (RawServer.Connection) -> Void
    ) async throws -> (Delivered, DeliveryStage.Outcome) {
        let server = try RawServer(handle)
        defer { server.stop() }
        let options = DeliveryStage.Options(timeout: timeout, attempts: attempts, url: server.url)
        let outcome = DeliveryStage.Outcome()
        try await DeliveryStage.run([], options) { stage async throws in
            outcome.set(try await stage.deliver(stage.submission(body: body)), stage.journal.batches)
        }
        return (try #require(outcome.delivered), outcome)
    }

    private func word(_ delivered: Delivered) -> String {
        switch delivered {
        case .accepted: "accepted"
        case .refused(let problem): "refused \(problem.code.rawValue)"
        case .unresolved(let problem): "unresolved \(problem.code.rawValue)"
        case .early: "early"
        case .held: "held"
        case .handedOver: "accepted, not written down"
        }
    }

    @Test func aResetInTheMiddleOfTheBodyIsTransient() async throws {
        let (delivered, outcome) = try await deliver(attempts: 2) { connection in
            _ = connection.read(atLeast: 100_000)
            connection.resetAtTheEnd()
        }
        #expect(word(delivered) == "unresolved submit.network")
        #expect(outcome.entries.count == 2)
        #expect(outcome.entries.allSatisfy { $0.ending?.isCounted == true })
    }

    @Test func anEndInTheMiddleOfTheBodyIsTransient() async throws {
        let (delivered, _) = try await deliver { connection in _ = connection.read(atLeast: 100_000) }
        #expect(word(delivered) == "unresolved submit.network")
    }

    @Test(arguments: [("413 Too Large", "refused submit.badRequest"), ("503 No", "unresolved submit.serverError")])
    func anAnswerBeforeTheBodyEndedIsAnAnswer(status: String, ends: String) async throws {
        let (delivered, _) = try await deliver { connection in
            _ = connection.read(atLeast: 1000)
            connection.say("HTTP/1.1 \(status)\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno")
            connection.drain()
        }
        #expect(word(delivered) == ends)
    }

    @Test func aServerThatReadsNothingIsWaitedForNoLongerThanTheTimeout() async throws {
        let (delivered, _) = try await deliver(timeout: .seconds(2)) { _ in Thread.sleep(forTimeInterval: 4) }
        #expect(word(delivered) == "unresolved submit.network")
    }

    @Test(arguments: [
        "good morning\r\n\r\n", "HTTP/9.9 200 OK\r\n\r\n", "HTTP/1.1 999999 Odd\r\n\r\n", "\u{0}\u{1}\u{2}\r\n\r\n",
    ])
    func whatIsNoHTTPIsNoAnswer(text: String) async throws {
        let (delivered, _) = try await deliver(.json([1])) { connection in
            _ = connection.read(atLeast: 1)
            connection.say(text)
        }
        #expect(word(delivered) == "unresolved submit.network")
    }

    @Test func headersWithoutEndAreNoAnswer() async throws {
        let (delivered, _) = try await deliver(.json([1]), timeout: .seconds(3)) { connection in
            _ = connection.read(atLeast: 1)
            connection.say("HTTP/1.1 200 OK\r\n")
            for number in 0..<100_000 { connection.say("X-\(number): \(String(repeating: "x", count: 1000))\r\n") }
        }
        #expect(word(delivered) == "unresolved submit.network")
    }

    @Test func anEndlessAnswerIsReadNoFurtherThanItIsKept() async throws {
        let (delivered, outcome) = try await deliver(.json([1])) { connection in
            _ = connection.read(atLeast: 1)
            connection.say("HTTP/1.1 202 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            let chunk = "1000\r\n" + String(repeating: "z", count: 4096) + "\r\n"
            for _ in 0..<100_000 { connection.say(chunk) }
        }
        #expect(delivered == .accepted)
        #expect(outcome.entries.last?.ending?.response?.utf8.count == 64 * 1024)
    }

    @Test func aServerWithoutTLSIsAFaultOfTheConfiguration() async throws {
        let server = try RawServer { connection in
            _ = connection.read(atLeast: 1)
            connection.say("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            connection.drain()
        }
        defer { server.stop() }
        let url = server.url.replacing("http://", with: "https://")
        try await DeliveryStage.run([], DeliveryStage.Options(attempts: 1, url: url)) { stage async throws in
            let delivery = Task { try await stage.delivery.deliver(stage.submission()) }
            try await eventually("it is tried") { stage.journal.batches.last?.ending != nil }
            try await eventually("submission pauses") { await stage.delivery.outage == .misconfigured }
            // Probes go on, and none of them counts.
            for number in 2...4 {
                try await eventually("probe \(number)") {
                    stage.time.advance(by: .seconds(1))
                    return stage.journal.batches.count >= number && stage.journal.batches.last?.ending != nil
                }
            }
            #expect(stage.journal.batches.allSatisfy { $0.ending?.isCounted == false })
            let failure = stage.events.compactMap {
                if case .answered(let report) = $0 { report.failure } else { nil }
            }
            #expect(failure.first == "TLS failed: the server does not speak TLS")
            delivery.cancel()
            await #expect(throws: CancellationError.self) { try await delivery.value }
        }
    }

    @Test func anEndWhileTLSBeginsIsTransient() async throws {
        let server = try RawServer { connection in _ = connection.read(atLeast: 1) }
        defer { server.stop() }
        let url = server.url.replacing("http://", with: "https://")
        try await DeliveryStage.run([], DeliveryStage.Options(attempts: 1, url: url)) { stage async throws in
            guard case .unresolved(let problem) = try await stage.deliver(stage.submission()) else {
                Issue.record("not unresolved")
                return
            }
            #expect(!problem.message.contains("TLS failed"), "\(problem.message)")
            #expect(await stage.delivery.outage == nil)
        }
    }

    @Test func aNameThatCannotBeFoundIsTransient() async throws {
        let options = DeliveryStage.Options(attempts: 1, url: "http://no-such-host.invalid")
        try await DeliveryStage.run([], options) { stage async throws in
            guard case .unresolved(let problem) = try await stage.deliver(stage.submission()) else {
                Issue.record("not unresolved")
                return
            }
            #expect(problem.code == .submitNetwork)
            #expect(problem.message.contains("the name no-such-host.invalid cannot be found"), "\(problem.message)")
        }
    }

    @Test func eachTimeIsToldByItsName() {
        func words(_ error: any Error) -> String {
            NetworkFailure(describing: error, timeout: .seconds(60)).message
        }
        #expect(words(HTTPClientError.connectTimeout) == "no connection within 10.0 seconds")
        #expect(words(HTTPClientError.deadlineExceeded) == "no answer within 60.0 seconds")
        #expect(words(HTTPClientError.tlsHandshakeTimeout) == "TLS did not begin within 10.0 seconds")
    }
}
