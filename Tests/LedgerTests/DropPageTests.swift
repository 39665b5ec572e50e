import Model
import TestSupport
import Testing

@testable import Ledger

/// Lists of drops that are read piece by piece.
@Suite struct DropPageTests {
    private let fixture: LedgerFixture

    init() throws {
        fixture = try LedgerFixture()
    }

    /// Every second one has failed.
    private func enlist(_ count: Int) async throws -> [DropID] {
        var drops: [DropID] = []
        for number in 0..<count {
            let drop = fixture.drop("\(number).json")
            _ = try await fixture.ledger.admit(fixture.admission(drop, content: "content-\(number)"))
            if number % 2 == 1 { try await fixture.ledger.refuse("content-\(number)", of: drop) }
            drops.append(drop.id)
        }
        return drops
    }

    private func pages(_ query: DropQuery, size: Int = 3) throws -> [[DropID]] {
        var pages: [[DropID]] = []
        try LedgerReader(state: fixture.folder.path).eachPage(of: query, size: size) { pages.append($0.map(\.drop.id)) }
        return pages
    }

    @Test func allComeTheNewestFirstAndNoPageHasMoreThanItsSize() async throws {
        #expect(try pages(DropQuery(limit: .max)) == [])
        let drops = Array(try await enlist(7).reversed())
        #expect(
            try pages(DropQuery(limit: .max)) == [Array(drops[0..<3]), Array(drops[3..<6]), Array(drops[6...])])
        #expect(try pages(DropQuery(limit: 4)) == [Array(drops[0..<3]), [drops[3]]])
        #expect(try pages(DropQuery(limit: 3)) == [Array(drops[0..<3])])
        #expect(try pages(DropQuery(limit: .max), size: 7) == [drops])
    }

    @Test func whatIsAskedForHoldsOnEveryPage() async throws {
        let drops = Array(try await enlist(8).reversed())
        let failed = drops.indices.filter { $0 % 2 == 0 }.map { drops[$0] }
        #expect(try pages(DropQuery(state: .ended(.failed), limit: .max)).flatMap(\.self) == failed)
        #expect(try pages(DropQuery(text: "content-", limit: .max)).flatMap(\.self) == drops, "by their references")
        #expect(try pages(DropQuery(text: "content-3", limit: .max)) == [[drops[4]]])
    }
}
