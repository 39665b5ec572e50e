import Foundation
import GRDB
import Model
import SystemPackage
import TestSupport
import Testing

@testable import Ledger

/// A ledger that is looked into again and again.
@Suite struct LedgerReaderTests {
    @Test func itKnowsWhenAnotherLedgerHasItsPlace() throws {
        let fixture = try LedgerFixture()
        let reader = try LedgerReader(state: fixture.folder.path)
        #expect(reader.isCurrent)
        let file = fixture.folder.url.appendingPathComponent(LedgerFile.name)
        let aside = fixture.folder.url.appendingPathComponent("aside")
        try FileManager.default.moveItem(at: file, to: aside)
        #expect(!reader.isCurrent)
        try FileManager.default.copyItem(at: aside, to: file)
        #expect(!reader.isCurrent)
    }

    /// It is read in another way, which is wrong once a service has brought it up to date.
    @Test func oneOfAnEarlierVersionIsOpenedAnewEachTime() throws {
        let folder = try TemporaryFolder()
        let pool = try DatabasePool(path: folder.path.appending(LedgerFile.name).string)
        try Migrations.all.migrate(pool, upTo: Migrations.all.migrations[0])
        let reader = try LedgerReader(state: folder.path)
        #expect(!reader.isCurrent)
        try Migrations.all.migrate(pool)
        #expect(!reader.isCurrent)
        #expect(try LedgerReader(state: folder.path).isCurrent)
    }
}
