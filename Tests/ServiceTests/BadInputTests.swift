import FileSystem
import Foundation
import JSONSchema
import JSONText
import Model
import Sandbox
import Service
import SystemPackage
import Testing
import TestSupport

#if canImport(Glibc)
    import Glibc
#endif

/// Bad input ends in `failed` with its code, and disturbs nothing else.
@Suite struct BadInputTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let content: [UInt8]
        let code: String
        var testDescription: String { "\(name) \(code)" }

        init(_ name: String, _ content: String, _ code: String) {
            self.init(name, Array(content.utf8), code)
        }

        init(_ name: String, _ content: [UInt8], _ code: String) {
            self.name = name
            self.content = content
            self.code = code
        }
    }

    static let cases = [
        Case("empty.json", "", "read.empty"),
        Case("blank.json", " \n\t", "read.incomplete"),
        Case("truncated.json", #"{"accounts": [{"clientReferenceId": "INV-1","#, "read.incomplete"),
        Case("truncated-nested.json", #"{"accounts": [{"clientReferenceId": "INV-1"}"#, "read.incomplete"),
        Case("broken.json", #"{"accounts": [{"clientReferenceId" "INV-1"}]}"#, "parse.json"),
        Case("two-keys.json", #"{"accounts": [], "accounts": []}"#, "parse.json"),
        Case("no-utf8.json", Array(#"{"accounts": ["#.utf8) + [0x22, 0xFF, 0x22] + Array("]}".utf8), "parse.encoding"),
        Case("deep.json", String(repeating: "[", count: 10_000) + String(repeating: "]", count: 10_000), "parse.json"),
        Case("what.json", #"{"invoices": []}"#, "kind.unknown"),
        Case("both.json", #"{"accounts": [], "payments": []}"#, "kind.unknown"),
        Case("bare.json", #"[{"clientReferenceId": "INV-1"}]"#, "kind.unknown"),
        Case("number.json", "[1]", "kind.unknown"),
        Case("none.json", #"{"accounts": []}"#, "schema.json"),
        Case("object.json", #"{"accounts": {}}"#, "schema.json"),
        Case("negative.json", Stage.account("INV-1", amount: "-5"), "schema.json"),
        Case("text.pdf", "this is no PDF", "attachment.type"),
        Case("program.exe", "MZ", "attachment.type"),
    ]

    @Test(arguments: cases)
    func aBadFileFailsAlone(bad: Case) async throws {
        try await Stage.run { stage in
            try stage.drop(bad.content, as: FileName(bad.name))
            try stage.drop(Stage.account("GOOD-1"), as: "good.json")
            #expect(try await stage.result(of: "good.json").outcome == "accepted")
            let result = try await stage.result(of: bad.name)
            #expect(result.code == bad.code)
            #expect(!result.isDone)
            #expect(result.json["action"]?.string?.isEmpty == false)
            #expect(try Data(contentsOf: stage.failed.appendingPathComponent(bad.name)) == Data(bad.content))
            #expect(stage.sandbox.accepted.count == 1)
        }
    }

    @Test func anUnfinishedUploadIsGivenTimeAndTakenWhenItIsWhole() async throws {
        try await Stage.run(inbox: "partialGrace: 30s\nsettle: 50ms") { stage in
            let text = Stage.account("INV-1")
            let file = stage.inbox.appendingPathComponent("orders.json")
            // Its last character is a closing bracket: only parsing shows that more has to come.
            let half = String(text.dropLast(2))
            try Data(half.utf8).write(to: file)
            try await eventually("it was looked at and went back") {
                stage.allEvents.contains { if case .wentBack(inbox: _, _) = $0 { true } else { false } }
            }
            let handle = try FileHandle(forWritingTo: file)
            try handle.seekToEnd()
            try handle.write(contentsOf: Data(text.suffix(2).utf8))
            try handle.close()
            let result = try await stage.result(of: "orders.json")
            #expect(result.outcome == "accepted")
        }
    }

    /// The sender is another user: what goes back is the file that it still writes to, and no copy of it.
    @Test(.enabled(if: geteuid() == 0, "needs to be root, for a file of another user"), arguments: [false, true])
    func aForeignUploadThatStalledIsFinishedWhereItWasBegun(isResumed: Bool) async throws {
        try await Stage.run(inbox: "partialGrace: 30s\nsettle: 50ms") { stage in
            let text = Stage.account("INV-1")
            let path = stage.inbox.appendingPathComponent("orders.json").path
            var upload = open(path, O_WRONLY | O_CREAT | O_EXCL, 0o644)
            try #require(fchown(upload, 12345, 12345) == 0)
            _ = String(text.dropLast(2)).withCString { write(upload, $0, strlen($0)) }
            try await eventually("it was looked at and went back") {
                stage.allEvents.contains { if case .wentBack(inbox: _, _) = $0 { true } else { false } }
            }
            var status = stat()
            try #require(lstat(path, &status) == 0)
            #expect(status.st_uid == 12345)
            if isResumed {
                close(upload)
                upload = open(path, O_WRONLY | O_APPEND)
            }
            _ = String(text.suffix(2)).withCString { write(upload, $0, strlen($0)) }
            close(upload)
            #expect(try await stage.result(of: "orders.json").outcome == "accepted")
            #expect(try stage.done.text(of: "orders.json") == text)
            try #require(lstat(stage.done.appendingPathComponent("orders.json").path, &status) == 0)
            #expect(status.st_uid == geteuid())
            #expect(try Stage.names(in: stage.work).isEmpty)
        }
    }

    /// What failed can be changed by its sender no more.
    @Test(.enabled(if: geteuid() == 0, "needs to be root, for a file of another user"))
    func aForeignUploadThatIsNeverFinishedIsFiledAsACopy() async throws {
        try await Stage.run(inbox: "partialGrace: 300ms\nsettle: 50ms") { stage in
            let text = String(Stage.account("INV-1").dropLast(2))
            let path = stage.inbox.appendingPathComponent("orders.json").path
            let upload = open(path, O_WRONLY | O_CREAT | O_EXCL, 0o644)
            defer { close(upload) }
            try #require(fchown(upload, 12345, 12345) == 0)
            _ = text.withCString { write(upload, $0, strlen($0)) }
            let result = try await stage.result(of: "orders.json")
            #expect(result.code == "read.incomplete")
            _ = "x".withCString { write(upload, $0, 1) }
            #expect(try stage.failed.text(of: "orders.json") == text)
            #expect(try Stage.names(in: stage.work).isEmpty)
        }
    }

    @Test func aLinkToASecretIsMovedAndNeverFollowed() async throws {
        try await Stage.run { stage in
            let secret = stage.folder.url.appendingPathComponent("secret.json")
            try Data(Stage.account("SECRET").utf8).write(to: secret)
            try FileManager.default.createSymbolicLink(
                at: stage.inbox.appendingPathComponent("link.json"), withDestinationURL: secret)
            let result = try await stage.result(of: "link.json")
            #expect(result.code == "read.notRegular")
            #expect(try stage.failed.text(of: "link.json.result.json").contains("SECRET") == false)
            #expect(FileManager.default.fileExists(atPath: secret.path))
            #expect(stage.sandbox.accepted.isEmpty)
        }
    }

    @Test func aPipeBlocksNobody() async throws {
        try await Stage.run { stage in
            #expect(mkfifo(stage.inbox.appendingPathComponent("pipe.json").path, 0o644) == 0)
            try stage.drop(Stage.account("GOOD-1"), as: "good.json")
            #expect(try await stage.result(of: "good.json").outcome == "accepted")
            #expect(try await stage.result(of: "pipe.json").code == "read.notRegular")
        }
    }

    @Test func aFileWithASecondNameIsRefused() async throws {
        try await Stage.run { stage in
            let other = stage.folder.url.appendingPathComponent("other.json")
            try Data(Stage.account("OTHER").utf8).write(to: other)
            try FileManager.default.linkItem(at: other, to: stage.inbox.appendingPathComponent("linked.json"))
            #expect(try await stage.result(of: "linked.json").code == "read.notRegular")
            #expect(stage.sandbox.accepted.isEmpty)
        }
    }

    @Test func anAttachmentWithoutAReferenceFails() async throws {
        try await Stage.run(inbox: #"attachments: {name: "{brand}-{portfolio}-{clientReferenceId}"}"#) { stage in
            try stage.drop("%PDF-1.4\n%%EOF\n", as: "scan.pdf")
            #expect(try await stage.result(of: "scan.pdf").code == "attachment.name")
        }
    }

    @Test func aRecordOverTheLimitOfARequestFails() async throws {
        try await Stage.run(top: "limits: {jsonBytes: 1MB}") { stage in
            let filler = String(repeating: "x", count: 1_100_000)
            let text =
                #"{"accounts": [{"clientReferenceId": "BIG", "invoiceNumber": "1", "outstandingAmount": 1, "note": "\#(filler)"}]}"#
            try stage.drop(text, as: "big.json")
            let result = try await stage.result(of: "big.json")
            #expect(result.code == "size.record")
            #expect(result.errors.first?["record"]?.string == "BIG")
            #expect(stage.sandbox.accepted.isEmpty)
        }
    }

    @Test func anAttachmentOverTheLimitOfARequestFails() async throws {
        try await Stage.run(top: "limits: {multipartBytes: 1KB}") { stage in
            try stage.drop("%PDF-1.4\n\(String(repeating: "x", count: 2000))\n%%EOF\n", as: "INV-1.pdf")
            #expect(try await stage.result(of: "INV-1.pdf").code == "size.multipart")
        }
    }

    struct OddName: Sendable, CustomTestStringConvertible {
        let bytes: [UInt8]
        let shown: String
        var testDescription: String { shown }
    }

    static let oddNames = [
        OddName(bytes: Array("new\nline.json".utf8), shown: #"new\x0aline.json"#),
        OddName(bytes: [0x6F, 0xFF, 0xFE] + Array(".json".utf8), shown: #"o\xff\xfe.json"#),
        OddName(bytes: Array("-rf.json".utf8), shown: "-rf.json"),
        OddName(bytes: Array("quote\"and'.json".utf8), shown: "quote\"and'.json"),
        OddName(bytes: Array("emoji 🧾.json".utf8), shown: "emoji 🧾.json"),
        OddName(
            bytes: Array(repeating: 0x61, count: 250) + Array(".json".utf8),
            shown: String(repeating: "a", count: 250) + ".json"),
    ]

    @Test(arguments: oddNames)
    func anOddNameIsReportedEscapedAndFiledUnderItsOwnBytes(odd: OddName) async throws {
        try await Stage.run { stage in
            try stage.drop(Array(Stage.account("INV-1").utf8), as: FileName(bytes: odd.bytes))
            try await stage.waitForFiled(1)
            #expect(stage.filed[0].outcome == .accepted)
            let done = try Directory(opening: FilePath(stage.done.path))
            let names = try done.list()
            #expect(names.contains(FileName(bytes: odd.bytes)))
            let sidecar = try #require(names.first { $0.hasSuffix(".result.json") })
            let text = try OpenFile(reading: sidecar, in: done).bytes(at: 0, count: 100_000)
            let result = try ResultFile(text, isDone: true)
            #expect(result.json["drop"]?["name"]?.string == odd.shown)
        }
    }

    @Test func everyResultFitsItsSchema() async throws {
        let text = try Data(contentsOf: Stage.repository.appendingPathComponent("schemas/result.schema.json"))
        let schema = try JSONSchema(compiling: JSONDocument(parsing: Array(text)))
        try await Stage.run(inbox: "results: full") { stage in
            stage.sandbox.script([.status(503), .status(422)], for: .kind(.claim))
            for bad in Self.cases { try stage.drop(bad.content, as: FileName(bad.name)) }
            try stage.drop(Stage.account("INV-1"), as: "good.json")
            try stage.drop(#"{"thirdPartyClaims": [{"claimNumber": "1", "status": "Open"}]}"#, as: "claim.json")
            _ = try await stage.result(of: "good.json")
            try stage.drop(Stage.account("INV-1"), as: "again.json")
            try await stage.waitForFiled(Self.cases.count + 3)
            for folder in [stage.done, stage.failed] {
                for name in try folder.names where name.hasSuffix(".result.json") {
                    let result = try JSONDocument(parsing: Array(Data(contentsOf: folder.appendingPathComponent(name))))
                    let report = schema.validate(result.root)
                    #expect(report.isValid, "\(name): \(report.errors.map { "\($0.pointer) \($0.message)" })")
                }
            }
        }
    }

    @Test func aFindingNamesPlaceAndRecord() async throws {
        try await Stage.run { stage in
            let text = """
                {"accounts": [
                  {"clientReferenceId": "INV-1", "invoiceNumber": "1", "outstandingAmount": 1},
                  {"clientReferenceId": "INV-2", "invoiceNumber": "2",
                   "outstandingAmount": -5, "status": "Actve"}
                ]}
                """
            try stage.drop(text, as: "orders.json")
            let result = try await stage.result(of: "orders.json")
            #expect(result.json["errorCount"]?.int == 2)
            #expect(result.json["message"]?.string == "1 record does not fit the account schema")
            let first = try #require(result.errors.first)
            #expect(first["pointer"]?.string == "/accounts/1/outstandingAmount")
            #expect(first["line"]?.int == 4 && first["column"]?.int == 25)
            #expect(first["keyword"]?.string == "minimum")
            #expect(first["message"]?.string == "-5 is less than 0")
            #expect(first["record"]?.string == "INV-2")
        }
    }
}
