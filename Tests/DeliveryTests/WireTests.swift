import Crypto
import Delivery
import FileSystem
import Foundation
import Model
import Synchronization
import SystemPackage
import Testing
import TestSupport

/// What goes over the wire, and what comes back.
@Suite(.timeLimit(.minutes(5))) struct WireTests {
    @Test func aDocumentIsSentToTheLetter() async throws {
        try await DeliveryStage.run([.status(202, headers: ["Location": "/status/1"], body: "{}")]) {
            stage async throws in
            let body = Array("{\"batchReferenceId\":\"x\",\"accounts\":[{\"a\":1.10}]}".utf8)
            #expect(try await stage.delivery.deliver(stage.submission(body: .json(body))) == .accepted)
            let request = try #require(stage.submitted.first)
            let entry = try #require(stage.journal.batches.first)
            #expect(request.method == "PUT")
            #expect(request.path == "/v1/account")
            #expect(request.body == body)
            #expect(request.headers["content-type"] == "application/json")
            #expect(request.headers["content-length"] == "\(body.count)")
            #expect(request.headers["user-agent"] == "sluice/1.2.3")
            #expect(request.headers["x-request-id"] == entry.requestID)
            #expect(request.bearer == "token-1")
            #expect(entry.purpose == .batch(drop: DropID(text: "drop of account-1"), reference: "account-1"))
            #expect(entry.ending?.statusURI == "/status/1")
            #expect(entry.ending?.response == "{}")
            #expect(entry.ending?.status == 202)
        }
    }

    @Test(arguments: [0, 1, 65_536, 1_000_003]) func anAttachmentIsStreamedToTheLetter(size: Int) async throws {
        let folder = try TemporaryFolder()
        var generator = SeededGenerator(seed: 4)
        let content = (0..<size).map { _ in UInt8.random(in: 0...255, using: &generator) }
        try Data(content).write(to: folder.url.appendingPathComponent("a.pdf"))
        let file = try OpenFile(reading: FileName("a.pdf"), in: Directory(opening: folder.path))
        let (head, tail) = (Array("--b\r\n\r\n".utf8), Array("\r\n--b--\r\n".utf8))
        try await DeliveryStage.run([.status(503)]) { stage async throws in
            let body = RequestBody.multipart(boundary: "b", head: head, file: file, size: Int64(size), tail: tail)
            let submission = stage.submission("attachment-1", kind: .attachment, body: body)
            #expect(try await stage.deliver(submission) == .accepted)
            // A repeat is read anew from the beginning.
            #expect(stage.submitted.count == 2)
            for request in stage.submitted {
                #expect(request.method == "POST")
                #expect(request.body == head + content + tail)
                #expect(request.headers["content-type"] == "multipart/form-data; boundary=b")
                #expect(request.headers["content-length"] == "\(body.length)")
            }
        }
    }

    @Test func aFileThatBecameShorterIsNotSentAsIfItWereWhole() async throws {
        let folder = try TemporaryFolder()
        try folder.url.write("short", as: "a.pdf")
        let file = try OpenFile(reading: FileName("a.pdf"), in: Directory(opening: folder.path))
        try await DeliveryStage.run([], DeliveryStage.Options(timeout: .seconds(5), attempts: 1)) {
            stage async throws in
            let body = RequestBody.multipart(boundary: "b", head: [1], file: file, size: 500_000, tail: [2])
            let delivered = try await stage.deliver(stage.submission(kind: .attachment, body: body))
            guard case .unresolved(let problem) = delivered else {
                Issue.record("\(delivered)")
                return
            }
            #expect(problem.code == .readChanged)
            #expect(stage.submitted.isEmpty)
        }
    }

    @Test(arguments: [true, false]) func anAttachmentsHashIsCheckedOnItsWay(isChanged: Bool) async throws {
        let folder = try TemporaryFolder()
        let content = Array(repeating: UInt8(7), count: 200_000)
        let sha256 = Array(SHA256.hash(data: content))
        try Data(isChanged ? [8] + content.dropFirst() : content).write(to: folder.url.appendingPathComponent("a.pdf"))
        let file = try OpenFile(reading: FileName("a.pdf"), in: Directory(opening: folder.path))
        try await DeliveryStage.run([], DeliveryStage.Options(timeout: .seconds(5))) { stage async throws in
            let body = RequestBody.multipart(
                boundary: "b", head: [1], file: file, size: 200_000, tail: [2], sha256: sha256)
            let delivered = try await stage.deliver(stage.submission(kind: .attachment, body: body))
            guard isChanged else {
                #expect(delivered == .accepted)
                return
            }
            guard case .unresolved(let problem) = delivered else {
                Issue.record("\(delivered)")
                return
            }
            #expect(problem.code == .readChanged)
            #expect(stage.submitted.isEmpty, "no whole request came")
            #expect(stage.journal.batches.count == 1)
        }
    }

    @Test(arguments: [0, 1, 65_536, 1_000_003]) func aLongDocumentIsReadAnewForEachAttempt(size: Int) async throws {
        let content = (0..<size).map { UInt8(ascii: "a") + UInt8($0 % 26) }
        let (head, tail) = (Array("{\"accounts\":[".utf8), Array("]}".utf8))
        let whole = head + content + tail
        try await DeliveryStage.run([.status(503)]) { stage async throws in
            let body = RequestBody.longJSON(
                head: head, size: Int64(size), tail: tail, sha256: Array(SHA256.hash(data: whole))
            ) { offset, count in Array(content[Int(offset)..<min(size, Int(offset) + count)]) }
            #expect(body.length == Int64(whole.count))
            #expect(try await stage.deliver(stage.submission(body: body)) == .accepted)
            #expect(stage.submitted.count == 2)
            for request in stage.submitted {
                #expect(request.body == whole)
                #expect(request.headers["content-type"] == "application/json")
                #expect(request.headers["content-length"] == "\(whole.count)")
            }
        }
    }

    /// Wherever it changes: at its beginning, or in the head that this program itself puts before it.
    @Test(arguments: [0, 3, 150_000]) func aLongDocumentThatChangedNeverArrivesWhole(place: Int) async throws {
        let content = Array(repeating: UInt8(ascii: "7"), count: 200_000)
        let (head, tail) = (Array("{[".utf8), Array("]}".utf8))
        let sha256 = Array(SHA256.hash(data: head + content + tail))
        try await DeliveryStage.run([], DeliveryStage.Options(timeout: .seconds(5))) { stage async throws in
            let body = RequestBody.longJSON(
                head: place == 0 ? Array("[{".utf8) : head, size: 200_000, tail: tail, sha256: sha256
            ) { offset, count in
                var bytes = Array(content[Int(offset)..<min(200_000, Int(offset) + count)])
                if place > 0, bytes.indices.contains(place - Int(offset)) {
                    bytes[place - Int(offset)] = UInt8(ascii: "8")
                }
                return bytes
            }
            guard case .unresolved(let problem) = try await stage.deliver(stage.submission(body: body)) else {
                Issue.record("it was delivered")
                return
            }
            #expect(problem.code == .readChanged)
            #expect(stage.submitted.isEmpty, "no whole request came")
            #expect(stage.journal.batches.first?.ending?.batch == .waiting, "nothing of it can have been taken")
        }
    }

    /// An attempt before it may have been taken.
    @Test func aLongDocumentThatChangesBetweenAttemptsStaysUnresolved() async throws {
        let content = Array(repeating: UInt8(ascii: "7"), count: 200_000)
        let sha256 = Array(SHA256.hash(data: Array("{[".utf8) + content + Array("]}".utf8)))
        let reads = Mutex(0)
        try await DeliveryStage.run([.status(503)]) { stage async throws in
            let body = RequestBody.longJSON(
                head: Array("{[".utf8), size: 200_000, tail: Array("]}".utf8), sha256: sha256
            ) { offset, count in
                let number = reads.withLock { reads in
                    reads += 1
                    return reads
                }
                // Four pieces make the first attempt.
                let byte = UInt8(ascii: number <= 4 ? "7" : "8")
                return Array(repeating: byte, count: min(count, 200_000 - Int(offset)))
            }
            guard case .unresolved(let problem) = try await stage.deliver(stage.submission(body: body)) else {
                Issue.record("it was delivered")
                return
            }
            #expect(problem.code == .readChanged)
            #expect(stage.submitted.count == 1)
            #expect(stage.journal.batches.last?.ending?.batch == .unresolved)
        }
    }

    @Test func aHugeAnswerIsKeptInPart() async throws {
        let text = String(repeating: "0123456789abcdef", count: 500_000)
        try await DeliveryStage.run([.status(200, body: text)]) { stage async throws in
            #expect(try await stage.deliver(stage.submission()) == .accepted)
            let response = try #require(stage.journal.batches.first?.ending?.response)
            #expect(response.utf8.count == 64 * 1024)
            #expect(text.hasPrefix(response))
            // The connection that was left in the middle is not used again.
            #expect(try await stage.deliver(stage.submission("account-2")) == .accepted)
        }
    }

    @Test func aStatusCountsEvenIfItsBodyBreaksOff() async throws {
        try await DeliveryStage.run([.bytes("HTTP/1.1 202 OK\r\nContent-Length: 100\r\n\r\npart")]) {
            stage async throws in
            #expect(try await stage.deliver(stage.submission()) == .accepted)
            #expect(stage.submitted.count == 1)
            #expect(stage.journal.batches.first?.ending?.response == "part")
        }
    }

    @Test func aBodyThatNeverEndsHoldsNobodyUp() async throws {
        let options = DeliveryStage.Options(timeout: .seconds(2), inFlight: 1)
        let reply = StubServer.Reply.silence(after: "HTTP/1.1 202 OK\r\nContent-Length: 100\r\n\r\npart")
        try await DeliveryStage.run([reply], options) { stage async throws in
            #expect(try await stage.deliver(stage.submission()) == .accepted)
            #expect(stage.journal.batches.first?.ending?.response == "part")
            #expect(try await stage.deliver(stage.submission("account-2")) == .accepted)
        }
    }

    @Test func aServerThatSaysNothingIsWaitedForNoLongerThanTheTimeout() async throws {
        let options = DeliveryStage.Options(timeout: .seconds(2))
        try await DeliveryStage.run([.silence(), .silence(after: "HTTP/1.1 200 OK\r\n")], options) {
            stage async throws in
            #expect(try await stage.deliver(stage.submission()) == .accepted)
            #expect(stage.journal.batches.map { $0.ending?.status } == [nil, nil, 200])
        }
    }

    @Test func aServerThatIsNotThereIsToldInPlainWords() async throws {
        let options = DeliveryStage.Options(attempts: 1, url: "http://127.0.0.1:1")
        try await DeliveryStage.run([], options) { stage async throws in
            guard case .unresolved(let problem) = try await stage.deliver(stage.submission()) else {
                Issue.record("not unresolved")
                return
            }
            #expect(problem.code == .submitNetwork)
            #expect(
                problem.message
                    == "The API did not answer in 1 attempt; at last: the connection failed: Connection refused.")
        }
    }
}
