import Foundation
import Sandbox
import TestSupport
import Testing

/// What documents that are made to grow in memory cost a real process (contract, promise 6).
@Suite(.serialized, .timeLimit(.minutes(20))) struct HostileMemoryTests {
    private static let memory = 32_000_000

    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let head: String
        let tail: String
        let piece: @Sendable (Int) -> String
        /// As much as is held whole, or more, which is read in windows where it can be.
        let bytes: Int
        var testDescription: String { "\(name) \(bytes)" }
    }

    private static let record = #"{"clientReferenceId":"1","invoiceNumber":"1","outstandingAmount":1,"#

    private static func json(
        _ name: String, _ bytes: Int, in head: String, _ tail: String, _ piece: @escaping @Sendable (Int) -> String
    ) -> Case {
        Case(
            name: name + ".json", head: "{\"accounts\":[" + record + head, tail: tail + "}]}", piece: piece,
            bytes: bytes)
    }

    private static func xml(
        _ name: String, _ bytes: Int, in head: String, _ tail: String, _ piece: @escaping @Sendable (Int) -> String
    ) -> Case {
        Case(
            name: name + ".xml", head: "<accounts><account" + head, tail: tail + "</account></accounts>", piece: piece,
            bytes: bytes)
    }

    static let cases = [2_600_000, 8_000_000].flatMap { bytes in
        [
            json("keys", bytes, in: "\"k\":0", "") { ",\"k\($0)\":0" },
            json("keys of escapes", bytes, in: "\"k\":0", "") { ",\"\\u006b\($0)\":0" },
            json("digits", bytes, in: "\"k\":[1", "]") { _ in ",1" },
            json("empty objects", bytes, in: "\"k\":[{}", "]") { _ in ",{}" },
            json("escapes", bytes, in: "\"k\":\"", "\"") { _ in "\\u0041" },
            json("one string", bytes, in: "\"k\":\"", "\"") { _ in "xxxxxxxxxx" },
            json("one number", bytes, in: "\"k\":1", "") { _ in "7777777777" },
            json("brackets", bytes, in: "\"k\":", "") { _ in "[[[[[[[[[[" },
            Case(name: "records.json", head: "{\"accounts\":[{}", tail: "]}", piece: { _ in ",{}" }, bytes: bytes),
            xml("attributes", bytes, in: " a='' ", ">") { "a\($0)='' " },
            xml("children", bytes, in: ">", "") { "<c\($0)/>" },
            xml("one name", bytes, in: "><x", "/>") { _ in "xxxxxxxxxx" },
            xml("references", bytes, in: "><x>", "</x>") { _ in "&#65;" },
            xml("comments", bytes, in: "><x>", "</x>") { _ in "<!---->" },
            Case(name: "records.xml", head: "<accounts>", tail: "</accounts>", piece: { _ in "<a/>" }, bytes: bytes),
        ]
    }

    /// Something is kept of each record that fits.
    static let payments = Case(
        name: "payments.json", head: "{\"payments\":[", tail: "{\"clientReferenceId\":\"1\"}]}",
        piece: { _ in "{\"clientReferenceId\":\"1\"}," }, bytes: 80_000_000)

    @Test(arguments: cases + [payments]) func aDocumentStaysWithinTheBudget(hostile: Case) async throws {
        try await Sandbox.withServer(SandboxOptions(requestsPerMinute: nil)) { sandbox, address in
            let folder = try TemporaryFolder()
            let inbox = try folder.subfolder("erp/inbox")
            try folder.url.write(
                "limits: {memory: 32MB}\n"
                    + CommandTests.configuration(api: address.baseURL, inbox: "settle: 0s, partialGrace: 0s"),
                as: "sluice.yaml")
            var text = hostile.head
            text.reserveCapacity(hostile.bytes + 100)
            var number = 0
            while text.utf8.count + hostile.tail.utf8.count < hostile.bytes {
                text += hostile.piece(number)
                number += 1
            }
            try inbox.write(text + hostile.tail, as: hostile.name)
            text = ""
            let service = try Program.Running(["run"], in: folder.url, environment: ["SECRET_OF_THE_TEST": "x"])
            try await eventually("it is filed", within: .seconds(400)) {
                try ["done", "failed"].contains {
                    let url = folder.url.appendingPathComponent("erp/\($0)")
                    return FileManager.default.fileExists(atPath: url.path)
                        ? try url.names.contains(hostile.name) : false
                }
            }
            let peak = try #require(try service.peakMemory)
            print("\(hostile.name) of \(hostile.bytes) bytes: the process held \(peak)")
            #expect(peak < Self.memory + 100_000_000, "the process held \(peak) bytes")
            service.signal(SIGTERM)
            #expect(try await service.status == 0)
        }
    }
}
