import FileSystem
import Foundation
import Model
import SystemPackage
import TestSupport
import Testing

@testable import Service

#if canImport(Glibc)
    import Glibc
#endif

/// What a glob finds, on a real file system.
@Suite struct GlobSearchTests {
    private static func found(_ search: GlobSearch, in folder: TemporaryFolder) -> [String] {
        search.matches.map { String($0.path.string.dropFirst(folder.path.string.count + 1)) }
    }

    @Test func aStarStandsForAPartOfAFoldersName() throws {
        let folder = try TemporaryFolder()
        for path in ["b/inbox", "a/inbox", ".hidden/inbox", "c/other", "d"] { _ = try folder.subfolder(path) }
        try folder.url.write("", as: "file")
        try folder.url.appendingPathComponent("d").write("", as: "inbox")
        let search = GlobSearch(folder.path.appending("*").appending("inbox"))
        #expect(Self.found(search, in: folder) == ["a/inbox", "b/inbox"])
        let parents = ["", "/a", "/b", "/c", "/d"].map { FilePath(folder.path.string + $0) }
        #expect(Set(search.parents.keys) == Set(parents))
        #expect(search.missing == nil && search.blind.isEmpty)
    }

    @Test func onlyTheStarIsAWildcard() throws {
        let folder = try TemporaryFolder()
        for path in ["x[1]-a/in", "x1-a/in", "x?-b/in"] { _ = try folder.subfolder(path) }
        #expect(
            Self.found(GlobSearch(folder.path.appending("x[1]-*").appending("in")), in: folder) == ["x[1]-a/in"])
        #expect(Self.found(GlobSearch(folder.path.appending("x?-*").appending("in")), in: folder) == ["x?-b/in"])
    }

    @Test func starsMayStandAtSeveralDepths() throws {
        let folder = try TemporaryFolder()
        for path in ["au/acme/in", "nz/acme/in", "nz/kiwi/in"] { _ = try folder.subfolder(path) }
        let search = GlobSearch(folder.path.appending("*").appending("*").appending("in"))
        #expect(Self.found(search, in: folder) == ["au/acme/in", "nz/acme/in", "nz/kiwi/in"])
        #expect(search.parents.count == 6)
    }

    @Test func aNameThatIsNotUTF8IsFoundUnderItsOwnBytes() throws {
        let folder = try TemporaryFolder()
        let bytes = Array(folder.path.string.utf8) + Array("/".utf8) + [0xFF, 0xFE]
        let partner = FilePath(platformString: bytes.map { CChar(bitPattern: $0) } + [0])
        #expect(partner.withPlatformString { mkdir($0, 0o755) } == 0)
        #expect(partner.appending("inbox").withPlatformString { mkdir($0, 0o755) } == 0)
        let search = GlobSearch(folder.path.appending("*").appending("inbox"))
        #expect(search.matches.map(\.path) == [partner.appending("inbox")])
    }

    @Test func aFolderThatIsNotThereIsMissingAndNotEmpty() throws {
        let folder = try TemporaryFolder()
        let search = GlobSearch(folder.path.appending("none").appending("*").appending("inbox"))
        #expect(search.matches.isEmpty && search.blind.isEmpty)
        #expect(search.missing?.errno == .noSuchFileOrDirectory)
    }

    @Test(.enabled(if: geteuid() == 0, "only root can make a link that belongs to another user"))
    func aSendersLinkLeadsNowhere() throws {
        let folder = try TemporaryFolder()
        let secret = try folder.subfolder("globex/inbox")
        for name in ["acme", "own"] {
            let link = try folder.subfolder(name).appendingPathComponent("inbox")
            try FileManager.default.createSymbolicLink(at: link, withDestinationURL: secret)
        }
        #expect(lchown(folder.url.appendingPathComponent("acme/inbox").path, 65534, 65534) == 0)
        let search = GlobSearch(folder.path.appending("*").appending("inbox"))
        #expect(Self.found(search, in: folder) == ["globex/inbox", "own/inbox"])
    }
}
