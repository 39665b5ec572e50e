import AsyncHTTPClient
import Foundation
import Model
import NIOCore
import NIOHTTP1
import Synchronization
import TestSupport
import Testing

@testable import Admin

struct EventTests {
    @Test func anOpenPageIsToldOfWhatIsNew() async throws {
        try await AdminStage.run { stage in
            try await stage.stream("/events") { response in
                #expect(response.status == .ok)
                #expect(response.headers.first(name: "Content-Type") == "text/event-stream; charset=utf-8")
                var text = ""
                var isDropped = false
                for try await piece in response.body {
                    text += String(buffer: piece)
                    if !isDropped {
                        isDropped = true
                        try stage.put("{]", as: FileName("bad.json"))
                    }
                    if text.contains("event: change") { break }
                }
                #expect(text.hasPrefix("retry: 3000\n\n"))
                #expect(text.firstMatch(of: /event: change\ndata: \{"version": \d+\}\n\n/) != nil)
            }
        }
    }

    @Test(.timeLimit(.minutes(1))) func aStopDoesNotWaitForOpenPages() async throws {
        let facts = Facts()
        try await withThrowingTaskGroup(of: Void.self) { group in
            let (addresses, telling) = AsyncStream.makeStream(of: String.self)
            group.addTask {
                for await address in addresses {
                    // Not the stage's client, which ends before the server does.
                    let request = HTTPClientRequest(url: "http://\(address)/events")
                    let response = try await HTTPClient.shared.execute(request, timeout: .seconds(60))
                    do {
                        for try await _ in response.body { facts.isOpen.withLock { $0 = true } }
                    } catch {
                        // It may be cut off.
                    }
                    return
                }
            }
            try await AdminStage.run { stage in
                telling.yield(stage.host)
                try await eventually("the stream is open") { facts.isOpen.withLock { $0 } }
                facts.stoppedAt.withLock { $0 = .now }
            }
            try await group.waitForAll()
        }
        let began = try #require(facts.stoppedAt.withLock { $0 })
        #expect(ContinuousClock.now - began < .seconds(9))
    }

    @Test func thereAreNotTooManyStreams() async throws {
        let facts = Facts()
        try await AdminStage.run { stage in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<EventStreams.most {
                    group.addTask {
                        try await stage.stream("/events") { response in
                            guard response.status == .ok else { return }
                            facts.opened.add(1, ordering: .relaxed)
                            for try await _ in response.body where Task.isCancelled { break }
                        }
                    }
                }
                // One that is asked for earlier would take the place of one of them.
                try await eventually("all are open") { facts.opened.load(ordering: .relaxed) == EventStreams.most }
                #expect(try await stage.stream("/events") { $0.status } == .serviceUnavailable)
                group.cancelAll()
                while let _ = await group.nextResult() {}
            }
            try await eventually("there is room again") {
                try await stage.stream("/events") { $0.status == .ok }
            }
        }
    }
}

struct EventFeedTests {
    @Test func whatIsNewIsSaidAtOnceAndElseALifeSignAfterFifteenSeconds() {
        let start = Moment(sinceBoot: .seconds(100))
        var feed = EventFeed(version: 7, at: start)
        let said = [(7, 1), (8, 2), (8, 3), (8, 16), (8, 17), (8, 18), (9, 30), (9, 44), (9, 45), (3, 46)].map {
            feed.words(version: $0.0, at: start + .seconds($0.1))?.prefix(while: { $0 != "\n" }).description
        }
        let (change, life) = ("event: change", ": still here")
        #expect(said == [nil, change, nil, nil, life, nil, change, nil, life, change])
    }
}

private final class Facts: Sendable {
    let isOpen = Mutex(false)
    let opened = Atomic<Int>(0)
    let stoppedAt = Mutex<ContinuousClock.Instant?>(nil)
}
