import Foundation
import GRDB
import Model
import Testing
import TestSupport

@testable import Ledger

@Suite struct GroupCommitTests {
    private struct Refusal: Error {}

    private let folder: TemporaryFolder
    private let pool: DatabasePool
    private let commits: GroupCommit

    init() throws {
        folder = try TemporaryFolder()
        pool = try DatabasePool(path: folder.url.path + "/test.sqlite")
        try pool.write {
            try $0.execute(sql: "CREATE TABLE numbers (place INTEGER PRIMARY KEY, number INTEGER UNIQUE)")
        }
        commits = GroupCommit(pool: pool)
    }

    private static func insert(_ number: Int, _ database: Database) throws -> Int64 {
        try database.execute(sql: "INSERT INTO numbers (number) VALUES (?)", arguments: [number])
        return database.lastInsertedRowID
    }

    /// What is on the disk, read by a connection that knows nothing of the pool.
    private func onDisk() throws -> [Int] {
        let queue = try DatabaseQueue(path: folder.url.path + "/test.sqlite")
        return try queue.read { try Int.fetchAll($0, sql: "SELECT number FROM numbers ORDER BY place") }
    }

    @Test func aThousandWritersAreAllOnDiskWhenTheyAreTold() async throws {
        let places = try await withThrowingTaskGroup(of: Int64.self) { [commits] group in
            for number in 0..<1000 {
                group.addTask { try await commits.run { try GroupCommitTests.insert(number, $0) } }
            }
            return try await group.reduce(into: Set<Int64>()) { $0.insert($1) }
        }
        #expect(places.count == 1000)
        #expect(Set(try onDisk()) == Set(0..<1000))
    }

    /// Groups that are just not full, full and more than that, while they are waited for and when the wait is over.
    @Test(.timeLimit(.minutes(2))) func nobodyIsForgottenAroundAFullGroup() async throws {
        var expected = 0
        for round in 0..<30 {
            for size in [4, 22, 23, 24, 25, 48, 60] {
                try await withThrowingTaskGroup(of: Void.self) { [commits] group in
                    for writer in 0..<size {
                        let number = expected + writer
                        group.addTask {
                            // Some come while others are waited for.
                            if (writer + round) % 5 == 0 {
                                try await Task.sleep(for: .microseconds(100 * (writer % 12)))
                            }
                            _ = try await commits.run { try GroupCommitTests.insert(number, $0) }
                        }
                    }
                    try await group.waitForAll()
                }
                expected += size
            }
        }
        #expect(Set(try onDisk()) == Set(0..<expected))
    }

    @Test func everyWriterIsOnDiskAtTheMomentItIsTold() async throws {
        for number in 0..<20 {
            _ = try await commits.run { try GroupCommitTests.insert(number, $0) }
            #expect(try onDisk().last == number)
        }
    }

    @Test func oneThatFailsTakesNobodyWithIt() async throws {
        let (told, failed) = await withTaskGroup(of: (Int, Bool).self) { [commits] group in
            for number in 0..<300 {
                group.addTask {
                    do {
                        _ = try await commits.run { database in
                            _ = try GroupCommitTests.insert(number, database)
                            if number % 3 == 0 { throw Refusal() }
                            // A constraint of the database's own fails as well.
                            if number % 7 == 0 { _ = try GroupCommitTests.insert(number, database) }
                        }
                        return (number, true)
                    } catch {
                        return (number, false)
                    }
                }
            }
            return await group.reduce(into: (Set<Int>(), Set<Int>())) {
                if $1.1 { $0.0.insert($1.0) } else { $0.1.insert($1.0) }
            }
        }
        #expect(failed == Set((0..<300).filter { $0 % 3 == 0 || $0 % 7 == 0 }))
        #expect(Set(try onDisk()) == told)
    }

    @Test func everyWriterSeesWhatThoseBeforeItWrote() async throws {
        let seen = try await withThrowingTaskGroup(of: Int.self) { [commits] group in
            for _ in 0..<300 {
                group.addTask {
                    try await commits.run { database in
                        let last = try Int.fetchOne(database, sql: "SELECT MAX(number) FROM numbers") ?? 0
                        _ = try GroupCommitTests.insert(last + 1, database)
                        return last
                    }
                }
            }
            return try await group.reduce(into: Set<Int>()) { $0.insert($1) }
        }
        #expect(seen == Set(0..<300))
        #expect(try onDisk() == Array(1...300))
    }

    @Test func aFullDiskTellsEveryWriterAndIsOverWhenThereIsRoom() async throws {
        try await pool.write { try $0.execute(sql: "CREATE TABLE big (bytes BLOB)") }
        try await pool.writeWithoutTransaction { database in
            let pages = try Int.fetchOne(database, sql: "PRAGMA page_count") ?? 0
            try database.execute(sql: "PRAGMA max_page_count = \(pages + 10)")
        }
        let told = await withTaskGroup(of: Int?.self) { [commits] group in
            for number in 0..<60 {
                group.addTask {
                    do {
                        _ = try await commits.run { database in
                            _ = try GroupCommitTests.insert(number, database)
                            try database.execute(sql: "INSERT INTO big VALUES (zeroblob(6000))")
                        }
                        return number
                    } catch {
                        return nil
                    }
                }
            }
            return await group.reduce(into: Set<Int>()) { if let number = $1 { $0.insert(number) } }
        }
        #expect(told.count < 60)
        #expect(Set(try onDisk()).isSuperset(of: told))
        try await pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA max_page_count = 1000000") }
        _ = try await commits.run { try GroupCommitTests.insert(1000, $0) }
        #expect(try onDisk().contains(1000))
    }
}
