import Foundation
import JSONText
import Sandbox
import TestSupport
import Testing

/// OpenSSH's `internal-sftp` in chroots, as `docs/receiving-files.md` sets it up, with OpenSSH's own client.
@Suite(.serialized, .timeLimit(.minutes(10)), .enabled(if: Machine.obstacle == nil, "\(Machine.obstacle ?? "")"))
struct SFTPTests {
    private static let acme = "/srv/sftp/acme"
    private static let globex = "/srv/sftp/globex"

    private static func run(
        keys: [String] = [], _ body: @escaping @Sendable (ReceivingStage, SSHServer) async throws -> Void
    ) async throws {
        try await ReceivingStage.run(keys: keys) { stage in
            try await SSHServer.run(on: stage.machine) { server in try await body(stage, server) }
        }
    }

    @Test func anUploadIsTakenWhole() async throws {
        try await Self.run { stage, server in
            let content = ReceivingStage.accounts("INV", bytes: 3_000_000)
            try await server.sftp(.acme, "put \(try server.file(content)) orders.json")
            try await stage.expectDone("orders.json", in: Self.acme, content: content)
            try stage.expectNothingLeft(in: Self.acme)
        }
    }

    @Test func anUploadUnderATemporaryNameIsTakenOnceItIsRenamed() async throws {
        try await Self.run { stage, server in
            let content = ReceivingStage.account("INV-1")
            // As WinSCP does.
            try await server.sftp(
                .acme,
                """
                put \(try server.file(content)) orders.json.filepart
                rename orders.json.filepart orders.json
                """)
            try await stage.expectDone("orders.json", in: Self.acme, content: content)
            try stage.expectNothingLeft(in: Self.acme)
            #expect(stage.sandbox.accepted.count == 1)
        }
    }

    /// The plain rename of the protocol is a link and an unlink: for a moment the file has two names, and no event
    /// says that anything was renamed. OpenSSH's client asks for it with `-l`.
    @Test(arguments: ["rename", "rename -l"])
    func renamesOfEitherSortMakeOneDropEach(rename: String) async throws {
        try await Self.run { stage, server in
            let count = 40
            var commands: [String] = []
            for number in 0..<count {
                let file = try server.file(ReceivingStage.account("INV-\(number)"))
                commands += ["put \(file) \(number).part", "\(rename) \(number).part \(number).json"]
            }
            try await server.sftp(.acme, commands.joined(separator: "\n"))
            for number in 0..<count {
                try await stage.expectDone(
                    "\(number).json", in: Self.acme, content: ReceivingStage.account("INV-\(number)"))
            }
            try stage.expectNothingLeft(in: Self.acme)
            #expect(stage.sandbox.accepted.count == count)
        }
    }

    /// Uploads slowly, and is cut off in the middle.
    private static func cutOff(
        _ content: String, as name: String, _ stage: ReceivingStage, _ server: SSHServer
    ) async throws {
        let session = try server.start(.acme, "put \(try server.file(content)) \(name)", kilobitsPerSecond: 2000)
        try await eventually("a part of it is there") { stage.size("\(acme)/inbox/\(name)") > 100_000 }
        session.signal(SIGKILL)
        _ = try await session.status
        #expect(stage.size("\(acme)/inbox/\(name)") < content.utf8.count)
    }

    @Test func anUploadThatWasCutOffCanBeResumed() async throws {
        try await Self.run { stage, server in
            let content = ReceivingStage.accounts("INV", bytes: 3_000_000)
            try await Self.cutOff(content, as: "orders.json", stage, server)
            // Longer than `settle`; what is there is quiet and still no document.
            try await Task.sleep(for: .seconds(3))
            #expect(stage.exists("\(Self.acme)/inbox/orders.json"))
            try await server.sftp(.acme, "reput \(try server.file(content)) orders.json")
            try await stage.expectDone("orders.json", in: Self.acme, content: content)
            try stage.expectNothingLeft(in: Self.acme)
            #expect(stage.sandbox.accepted.count == 1)
        }
    }

    @Test func anUploadThatWasCutOffAndNeverResumedFails() async throws {
        try await Self.run(keys: ["partialGrace: 3s"]) { stage, server in
            let content = ReceivingStage.accounts("INV", bytes: 3_000_000)
            try await Self.cutOff(content, as: "orders.json", stage, server)
            let result = try await stage.result(of: "orders.json", in: Self.acme)
            #expect(result["outcome"]?.string == "failed")
            #expect(result["code"]?.string == "read.incomplete")
            #expect(stage.sandbox.accepted.isEmpty)
        }
    }

    @Test func twoPartnersSeeTheirOwnFoldersAndTheirOwnResultsOnly() async throws {
        try await Self.run { stage, server in
            for partner in [Machine.User.acme, .globex] {
                let file = try server.file(ReceivingStage.account("INV-\(partner)"))
                let bad = try server.file(#"{"accounts": [{"clientReferenceId": 7}]}"#)
                try await server.sftp(partner, "put \(file) orders.json\nput \(bad) bad.json")
            }
            for partner in [Machine.User.acme, .globex] {
                let home = "/srv/sftp/\(partner)"
                try await stage.expectDone(
                    "orders.json", in: home, content: ReceivingStage.account("INV-\(partner)"))
                #expect(try await stage.result(of: "bad.json", in: home)["code"]?.string == "schema.json")
                let copy = stage.machine.folder.url.appendingPathComponent("result-\(partner)")
                let said = try await server.sftp(partner, "ls -1a /")
                let names = said.split(separator: "\n").filter { !$0.hasPrefix("sftp> ") }
                #expect(Set(names) == ["/.", "/..", "/.work", "/done", "/failed", "/inbox"])
                try await server.sftp(partner, "get /failed/bad.json.result.json \(copy.path)")
                #expect(try String(contentsOf: copy, encoding: .utf8).contains("schema.json"))
            }
            #expect(stage.sandbox.accepted.count == 2)
            // What is the service's a partner can neither change nor look into.
            let file = try server.file("{}")
            for command in [
                "put \(file) /done/x.json", "put \(file) /x.json", "rm /done/orders.json", "ls /.work",
                "rename /done /elsewhere", "rename /inbox /elsewhere",
            ] {
                let session = try server.start(.acme, command)
                #expect(try await session.status != 0, "\(command)")
            }
        }
    }
}
