import FileSystem
import Foundation
import SystemPackage
import TestSupport
import Testing

/// Files that have no name.
@Suite struct TemporaryFileTests {
    @Test func whatIsWrittenIsReadAnywhereAndNothingStaysBehind() throws {
        let folder = try TemporaryFolder()
        let directory = try Directory(opening: FilePath(folder.url.path))
        let file = try OpenFile(temporaryIn: directory)
        try file.write(Array("one".utf8))
        try file.write(Array("two".utf8))
        #expect(try file.bytes(at: 2, count: 2) == Array("et".utf8))
        #expect(try file.bytes(at: 4, count: 10) == Array("wo".utf8))
        #expect(try directory.list().isEmpty)
        #expect(try OpenFile(temporaryIn: directory).bytes(at: 0, count: 1).isEmpty, "each is one of its own")
    }
}
