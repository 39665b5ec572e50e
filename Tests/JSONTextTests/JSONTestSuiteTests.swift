import Foundation
import JSONText
import TestSupport
import Testing

/// nst's JSONTestSuite: what every reader of JSON has to accept and to refuse.
@Suite struct JSONTestSuiteTests {
    static let folder = Conformance.folder("json-text/test_parsing")
    static let isThere = Conformance.isThere(folder)

    /// Valid by the letter of RFC 8259, but with a key twice in an object, which this reader refuses.
    static let duplicateKeys = ["y_object_duplicated_key.json", "y_object_duplicated_key_and_value.json"]

    static func files(_ prefix: String) throws -> [(name: String, bytes: [UInt8])] {
        try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasPrefix(prefix) }.sorted()
            .map { ($0, [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder + "/" + $0)))) }
    }

    @Test(.enabled(if: isThere, "JSONTestSuite is not at \(folder)"))
    func acceptsWhatIsJSON() throws {
        var passed = 0
        let files = try Self.files("y_")
        for file in files {
            if Self.duplicateKeys.contains(file.name) {
                let error = #expect(throws: JSONSyntaxError.self) { try JSONDocument(parsing: file.bytes) }
                guard case .duplicateKey("a")? = error?.reason else {
                    Issue.record("\(file.name): \(String(describing: error))")
                    continue
                }
            } else {
                #expect(throws: Never.self, "\(file.name)") { try JSONDocument(parsing: file.bytes) }
            }
            passed += 1
        }
        #expect(files.count == 95)
        print(
            "JSONTestSuite y_: passed \(passed) of \(files.count), \(Self.duplicateKeys.count) of them refused for duplicate keys"
        )
    }

    @Test(.enabled(if: isThere, "JSONTestSuite is not at \(folder)"))
    func refusesWhatIsNot() throws {
        let files = try Self.files("n_")
        for file in files {
            let error = #expect(throws: JSONSyntaxError.self, "\(file.name)") { try JSONDocument(parsing: file.bytes) }
            #expect(error?.message.isEmpty == false)
        }
        #expect(files.count == 188)
        print("JSONTestSuite n_: passed \(files.count) of \(files.count)")
    }

    @Test(.enabled(if: isThere, "JSONTestSuite is not at \(folder)"))
    func takesTheRestEitherWay() throws {
        let files = try Self.files("i_")
        for file in files {
            do throws(JSONSyntaxError) {
                let document = try JSONDocument(parsing: file.bytes)
                #expect(throws: Never.self) { try JSONDocument(parsing: document.root.canonicalBytes()) }
            } catch {
                #expect(error.offset <= file.bytes.count)
            }
        }
        #expect(files.count == 35)
    }
}
