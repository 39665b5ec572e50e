import Testing

@testable import sluice

/// A table that is printed piece by piece.
@Suite struct TableTests {
    @Test func rowsThatAreTakenLeaveTheirColumnsToThoseBehindThem() {
        var table = Table(flexible: [], "NAME", "X")
        #expect(table.isUntouched)
        table.add(.init("a-long-name"), .init("1"))
        #expect(table.takeLines(width: nil) == ["NAME         X", "a-long-name  1"])
        #expect(!table.isUntouched)
        table.add(.init("b"), .init("2"))
        #expect(table.takeLines(width: nil) == ["b            2"])
        table.add(.init("a-longer-name"), .init("3"))
        #expect(table.takeLines(width: nil) == ["a-longer-name  3"])
        #expect(table.takeLines(width: nil) == [])
    }
}
