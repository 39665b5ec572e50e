import FileSystem
import Foundation
import Model
import SystemPackage
import TestSupport
import Testing

/// Senders and service are different users, and neither is root.
@Suite(.serialized, .timeLimit(.minutes(10)), .enabled(if: Machine.obstacle == nil, "\(Machine.obstacle ?? "")"))
struct SenderTests {
    private static let erp = "/srv/erp"

    private static func status(_ path: String, _ stage: ReceivingStage) throws -> FileStatus {
        let url = stage.url(path)
        let folder = try Directory(opening: FilePath(url.deletingLastPathComponent().path))
        return try #require(try folder.status(of: FileName(url.lastPathComponent)))
    }

    @Test func aJobHandsFilesOverWholeOrNotAtAll() async throws {
        try await ReceivingStage.run { stage in
            try stage.machine.srv.write(ReceivingStage.account("INV-1"), as: "orders.json")
            try await stage.machine.script("/srv/drop /srv/orders.json", as: .erp)
            try await stage.expectDone("orders.json", in: Self.erp, content: ReceivingStage.account("INV-1"))
            try stage.expectNothingLeft(in: Self.erp)

            // One that waits there, and is no document yet.
            try await stage.machine.script("printf '{' > /srv/erp/inbox/orders.json", as: .erp)
            let refused = try await stage.machine.run(["/srv/drop", "/srv/orders.json"], as: .erp)
            #expect(refused.status == 1)
            #expect(refused.output.contains("orders.json is still waiting there"))
            #expect(try stage.url("/srv/erp/inbox").names == ["orders.json"])
            #expect(try stage.text("/srv/erp/inbox/orders.json") == "{")
        }
    }

    @Test func aJobMayWriteAMarkerWhenItIsDone() async throws {
        try await ReceivingStage.run(keys: [#"ready: "{name}.ready""#]) { stage in
            let content = ReceivingStage.account("INV-1")
            try stage.machine.srv.write(content, as: "orders.json")
            try await stage.machine.script("umask 027; cp /srv/orders.json /srv/erp/inbox/orders.json", as: .erp)
            // Longer than `settle`: it looks whole, and is not said to be.
            try await Task.sleep(for: .seconds(3))
            #expect(stage.exists("\(Self.erp)/inbox/orders.json"))
            try await stage.machine.script("touch /srv/erp/inbox/orders.json.ready", as: .erp)
            try await stage.expectDone("orders.json", in: Self.erp, content: content)
            try await eventually("the marker is gone") { !stage.exists("\(Self.erp)/inbox/orders.json.ready") }
            try stage.expectNothingLeft(in: Self.erp)
        }
    }

    @Test func theCheckOfTheConfigurationRunsAsTheServicesUser() async throws {
        try await ReceivingStage.run { stage in
            let check = "SECRET=x /mnt/sluice config check --config /srv/sluice.yaml"
            let good = try await stage.machine.script(check, as: .sluice)
            #expect(good.contains("/srv/sluice.yaml: ok, 3 inboxes"))
            try await stage.machine.script("chmod g+w /srv/erp/done && chown globex /srv/sftp/globex/.work")
            let bad = try await stage.machine.run(["/bin/sh", "-c", check], as: .sluice)
            #expect(bad.status == 78)
            #expect(bad.output.contains("inbox erp: /srv/erp/done has mode 2770"))
            #expect(bad.output.contains("inbox globex: /srv/sftp/globex/.work belongs to user 64002"))
        }
    }

    @Test func filedDropsAreTheServicesOwnAndItsFoldersAreAsTheContractWantsThem() async throws {
        try await ReceivingStage.run { stage in
            try stage.machine.srv.write(ReceivingStage.account("INV-1"), as: "orders.json")
            try await stage.machine.script("/srv/drop /srv/orders.json", as: .erp)
            try await stage.expectDone("orders.json", in: Self.erp, content: ReceivingStage.account("INV-1"))
            let service = Machine.User.sluice.rawValue
            for name in ["done/orders.json", "done/orders.json.result.json"] {
                let status = try Self.status("\(Self.erp)/\(name)", stage)
                #expect(status.owner == service && status.mode & 0o022 == 0, "\(name)")
            }
            let work = try Self.status("\(Self.erp)/.work", stage)
            #expect(work.owner == service && work.mode & 0o777 == 0o700)
            // The service runs as itself, without any right of root's.
            let said = try await stage.machine.script("ls -n /srv/state")
            #expect(said.contains(" \(service) ") && !said.contains(" 0 0 "))
        }
    }

    @Test func aSenderWhoKeepsHisFileOpenChangesNothing() async throws {
        try await ReceivingStage.run { stage in
            try stage.machine.srv.write(ReceivingStage.account("INV-1"), as: "orders")
            let sender = try stage.machine.start(
                [
                    "/bin/sh", "-c",
                    """
                    umask 027
                    exec 3<>/srv/erp/inbox/.part
                    cat /srv/orders >&3
                    mv /srv/erp/inbox/.part /srv/erp/inbox/orders.json
                    until [ -e /srv/go ]; do sleep 0.05; done
                    printf changed >&3 && echo wrote
                    printf changed >/srv/erp/done/orders.json || echo cannot write
                    rm -f /srv/erp/done/orders.json || echo cannot remove
                    mv /srv/erp/done /srv/erp/elsewhere || echo cannot rename
                    ls /srv/erp/.work || echo cannot look
                    """,
                ], as: .erp)
            try await stage.expectDone("orders.json", in: Self.erp, content: ReceivingStage.account("INV-1"))
            try stage.machine.srv.write("", as: "go")
            _ = try await sender.status
            let said = try sender.output
            for line in ["wrote", "cannot write", "cannot remove", "cannot rename", "cannot look"] {
                #expect(said.contains("\n\(line)\n") || said.hasPrefix("\(line)\n"), "\(line)")
            }
            #expect(try stage.text("/srv/erp/done/orders.json") == ReceivingStage.account("INV-1"))
            try stage.expectNothingLeft(in: Self.erp)
        }
    }

    @Test(arguments: [
        ("chmod g+w done", "has mode 2770", "(chmod 750 "),
        ("chown erp failed", "belongs to user 64003", "(chown 64000 "),
        ("chmod 755 .work", "has mode 755", "(chmod 700 "),
        ("chmod 755 inbox", "cannot take files out of it", "chmod 2770"),
    ])
    func aFolderThatIsNotAsItHasToBeIsSaidWithWhatWouldBeRight(change: String, what: String, remedy: String)
        async throws
    {
        try await ReceivingStage.run(keys: ["rescan: 1s"]) { stage in
            try stage.machine.srv.write(ReceivingStage.account("INV-1"), as: "orders.json")
            try await stage.machine.script("cd /srv/erp && \(change)")
            try await eventually("it is said") { try stage.log.contains("inboxUnavailable inbox=erp") }
            let line = try #require(try stage.log.split(separator: "\n").first { $0.contains("inboxUnavailable") })
            #expect(line.contains(what), "\(line)")
            #expect(line.contains(remedy), "\(line)")
            // Others go on; this one waits, and goes on when it is as it should be.
            try await stage.machine.script("INBOX=/srv/sftp/acme/inbox /srv/drop /srv/orders.json", as: .acme)
            try await stage.expectDone("orders.json", in: "/srv/sftp/acme", content: ReceivingStage.account("INV-1"))
            try stage.machine.srv.write(ReceivingStage.account("INV-2"), as: "orders.json")
            try await stage.machine.script("/srv/drop /srv/orders.json", as: .erp)
            try await stage.machine.script("/srv/make-folders /srv/erp erp")
            try await stage.expectDone("orders.json", in: Self.erp, content: ReceivingStage.account("INV-2"))
            #expect(try stage.log.contains("inbox available inbox=erp"))
        }
    }
}
