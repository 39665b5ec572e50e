import FileSystem
import Foundation
import Model
import TestSupport
import Testing

@testable import Filing

/// Whose result is this?
@Suite struct ResultFileTests {
    private let folder: TemporaryFolder
    private let directory: Directory
    private let name = FileName("a.json.result.json")

    init() throws {
        folder = try TemporaryFolder()
        directory = try Directory(opening: folder.path)
    }

    private func drop() throws -> DropID? { try ResultFile(name, in: directory)?.drop }

    @Test func aResultNamesItsDrop() throws {
        #expect(try drop() == nil)
        try folder.url.write(#"{"version": 1, "drop": {"id": "01J"}}"#, as: name.description)
        #expect(try drop() == DropID(text: "01J"))
    }

    @Test(arguments: ["", "{", "[]", #"{"drop": {}}"#, #"{"drop": {"id": 7}}"#, #"{"drop": "01J"}"#])
    func whatSaysSomethingElseIsNone(text: String) throws {
        try folder.url.write(text, as: name.description)
        #expect(try drop() == nil)
    }

    @Test func whatIsNoFileIsNone() throws {
        let file = folder.url.appendingPathComponent(name.description)
        try folder.url.write(#"{"drop": {"id": "01J"}}"#, as: "elsewhere.json")
        try FileManager.default.createSymbolicLink(atPath: file.path, withDestinationPath: "elsewhere.json")
        #expect(try drop() == nil)
        try FileManager.default.removeItem(at: file)
        #expect(mkfifo(file.path, 0o644) == 0)
        #expect(try drop() == nil)
        try FileManager.default.removeItem(at: file)
        _ = try folder.subfolder(name.description)
        #expect(try drop() == nil)
    }

    /// It is not read at all.
    @Test func whatIsLongerThanAnyResultIsNone() throws {
        try folder.url.write(#"{"drop": {"id": "01J"}}"#, as: name.description)
        #expect(truncate(folder.url.appendingPathComponent(name.description).path, 1 << 40) == 0)
        #expect(try drop() == nil)
    }

    @Test(arguments: [
        (".01J.tmp", "01J"), (".01J.copy", "01J"), ("01J.tmp", nil), (".01J.part", nil), (".01J.a.tmp", nil),
        ("a.json", nil),
    ]) func aTemporaryNameSaysWhoseItIs(name: String, drop: String?) {
        #expect(FilingFolder.dropOfTemporary(FileName(name))?.text == drop)
        if let drop {
            let id = DropID(text: drop)
            let names = [FilingFolder.Unfinished.result, .copy].map { FilingFolder.temporary($0, of: id).description }
            #expect(names.contains(name))
        }
    }
}
