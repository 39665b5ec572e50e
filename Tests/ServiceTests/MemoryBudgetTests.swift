import Documents
import FileSystem
import Model
import Synchronization
import Testing
import TestSupport

@testable import Service

/// Bytes of documents held at once, inboxes in turns.
@Suite struct MemoryBudgetTests {
    private final class Order: Sendable {
        private let names = Mutex<[String]>([])
        func add(_ name: String) { names.withLock { $0.append(name) } }
        var all: [String] { names.withLock { $0 } }
    }

    @Test func inboxesTakeTurnsAndNobodyIsPassedOver() async throws {
        let budget = MemoryBudget(limit: 10)
        try await budget.take(10, lane: "many")
        let order = Order()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (name, bytes, lane) in [("m1", 10, "many"), ("m2", 10, "many"), ("m3", 1, "many"), ("o", 10, "one")] {
                group.addTask {
                    try await budget.take(bytes, lane: lane)
                    order.add(name)
                }
                try await eventually("\(name) waits") { await budget.waiting == order.all.count + Self.place(name) }
            }
            for count in 1...4 {
                await budget.giveBack(count == 4 ? 10 : 10)
                try await eventually("the next has its bytes") { order.all.count >= count }
            }
            try await group.waitForAll()
        }
        #expect(order.all == ["m1", "o", "m2", "m3"])
    }

    private static func place(_ name: String) -> Int { ["m1": 1, "m2": 2, "m3": 3, "o": 4][name] ?? 0 }

    /// What is kept of the records of a document that is read in windows has its share.
    @Test(arguments: [32, 256, 1000, 16_000]) func manyRecordsHaveRoom(megabytes: Int) throws {
        let limit = megabytes * 1_000_000
        let sizes = DocumentSizes(memory: limit)
        let status = FileStatus(form: .regular, size: 4 << 30, modified: 0, changed: 0)
        let name = FileName("a.json")
        let drop = Drop(
            id: DropID(text: "A"), arrival: 1, inbox: "erp", name: name, workName: WorkName(name: name), bytes: 4 << 30,
            receivedAt: Timestamp(milliseconds: 0))
        let reserved = MemoryShare.bytes(
            for: .unknown(drop, status), limit: limit, body: min(30_000_000, limit / 2), inWindows: true)
        #expect(sizes.records * DocumentJudge.recordBytes <= reserved)
        #expect(reserved <= limit)
        // A document of 4 GiB with records of 1 KB goes through with the usual budget.
        #expect(megabytes < 256 || sizes.records > (4 << 30) / 1000)
    }

    @Test func whoeverIsCancelledHoldsNothing() async throws {
        let budget = MemoryBudget(limit: 10)
        try await budget.take(6, lane: "a")
        let waiter = Task { try await budget.take(6, lane: "a") }
        try await eventually("it waits") { await budget.waiting == 1 }
        let small = Task { try await budget.take(4, lane: "b") }
        try await eventually("both wait") { await budget.waiting == 2 }
        waiter.cancel()
        await #expect(throws: CancellationError.self) { try await waiter.value }
        try await small.value
        #expect(await budget.waiting == 0)
    }
}
