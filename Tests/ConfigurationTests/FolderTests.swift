import SystemPackage
import Testing

@testable import SluiceConfiguration

@Suite struct FolderTests {
    @Test(arguments: [
        Refusal(
            minimal("  - {name: erp, path: /srv/b/inbox}\n"),
            #"10:6: inboxes[1].name: "erp" is already the name of inboxes[0] in line 8"#),
        Refusal(
            minimal("  - {name: b, path: /srv/erp/inbox, done: /b/d, failed: /b/f, work: /b/w}\n"),
            "10:15: inboxes[1].path: /srv/erp/inbox is already the path of inboxes[0]"),
        Refusal(
            minimal("  - {name: b, path: /srv/erp/inbox/sub, done: /b/d, failed: /b/f, work: /b/w}\n"),
            "10:15: inboxes[1].path: one inbox within another: /srv/erp/inbox/sub and "
                + "/srv/erp/inbox, the path of inboxes[0]"
        ),
        Refusal(
            minimal("  - {name: b, path: /srv/erp/inbox2}\n"),
            "10:15: inboxes[1].done: /srv/erp/done is already the done of inboxes[0]; the default of "
                + "done stands beside the inbox: name another",
            "10:15: inboxes[1].failed: /srv/erp/failed is already the failed of inboxes[0]; the "
                + "default of failed stands beside the inbox: name another",
            "10:15: inboxes[1].work: /srv/erp/.work is already the work of inboxes[0]; the default "
                + "of work stands beside the inbox: name another"
        ),
        Refusal(
            minimal(inbox: ["done: /srv/x", "failed: /srv/y/../x"]),
            "11:5: inboxes[0].failed: /srv/x is already the done of inboxes[0]"),
        Refusal(
            minimal(inbox: ["work: /srv/erp/inbox/"]),
            "10:5: inboxes[0].work: /srv/erp/inbox is already the path of inboxes[0]"),
        Refusal(
            minimal("  - {name: b, path: /srv/b/inbox, done: /srv/erp/inbox}\n"),
            "10:35: inboxes[1].done: /srv/erp/inbox is already the path of inboxes[0]"),
        Refusal(
            minimal("state: /srv/erp/inbox/state\n"),
            "9:5: inboxes[0].path: /srv/erp/inbox holds the state directory, /srv/erp/inbox/state"),
        Refusal(
            minimal("state: /srv/erp/done\n"),
            "9:5: inboxes[0].done: /srv/erp/done holds the state directory, /srv/erp/done"),
        Refusal(
            minimal("  - {name: b, path: /srv, done: /b/d, failed: /b/f, work: /b/w}\n"),
            "10:15: inboxes[1].path: one inbox within another: /srv and /srv/erp/inbox, the path of inboxes[0]"),
        Refusal(
            minimal("  - {name: '{1}', path: /sftp/*/inbox}\n  - {name: b, path: /sftp/b/inbox}\n"),
            "11:15: inboxes[2].path: /sftp/b/inbox and /sftp/*/inbox, the path of inboxes[1], can match the same folder"
        ),
        Refusal(
            minimal("  - {name: '{1}', path: /srv/*/inbox}\n"),
            "10:19: inboxes[1].path: /srv/*/inbox and /srv/erp/inbox, the path of inboxes[0], can match the same folder"
        ),
    ])
    func foldersAndNamesThatMeetAreRefused(refusal: Refusal) {
        #expect(complaints(refusal.yaml) == refusal.lines)
    }

    @Test(arguments: [
        Refusal(
            minimal("  - {name: p, path: /sftp/*/inbox}\n"),
            "10:6: inboxes[1].name: needs {1}, the text that * number 1 of the path stands for: "
                + "without it several folders would share this name"
        ),
        Refusal(
            minimal("  - {name: 'p-{2}', path: /sftp/*/inbox}\n"),
            "10:6: inboxes[1].name: {2} is not possible; the path has 1 *, counted from 1"),
        Refusal(
            minimal("  - {name: 'p-{1}', path: /sftp/p/inbox}\n"),
            "10:6: inboxes[1].name: {1} stands for a * of the path, and /sftp/p/inbox has none"),
        Refusal(
            minimal("  - {name: '{1}', path: /sftp/*/*/inbox}\n"),
            "10:6: inboxes[1].name: needs {2}, the text that * number 2 of the path stands for: "
                + "without it several folders would share this name"
        ),
        Refusal(
            minimal("  - {name: '{1}', path: /sftp/*/inbox, done: /filed}\n"),
            "10:40: inboxes[1].done: needs {1}, the text that * number 1 of the path stands for: "
                + "without it several folders would share this folder"
        ),
        Refusal(
            minimal("  - {name: '{1}', path: /sftp/*/inbox, done: '/filed/{1}/*'}\n"),
            "10:40: inboxes[1].done: a * is possible in path only; write {1} for what it stands for"),
        Refusal(
            minimal("  - {name: '{1}', path: /sftp/**/inbox}\n"),
            "10:19: inboxes[1].path: ** is not possible; a * stands for a part of one folder's name"),
        Refusal(
            minimal("  - {name: '{1}', path: /sftp/*/inbox}\n  - {name: 'x{1}', path: /sftp/a-*/inbox}\n"),
            "11:20: inboxes[2].path: /sftp/a-*/inbox and /sftp/*/inbox, the path of inboxes[1], can "
                + "match the same folder"
        ),
        Refusal(
            minimal("  - {name: a/b, path: /sftp/p/inbox}\n"),
            #"10:6: inboxes[1].name: "a/b" is not possible; write at most 64 bytes without slashes or "#
                + #"spaces at the ends"#
        ),
    ])
    func starsAndTheirNumbersMustFit(refusal: Refusal) {
        #expect(complaints(refusal.yaml) == refusal.lines)
    }

    @Test func aGlobInboxTakesTheReferencesOfItsPartnersApart() throws {
        let yaml = minimal(
            "  - {name: '{1}', path: /sftp/*/inbox}\n  - {name: 'k{1}', path: /keep/*/in, ownReference: keep}\n")
        let inboxes = try parse(yaml).inboxes
        #expect(inboxes.map(\.isGlob) == [false, true, true])
        #expect(inboxes.map(\.ownReference) == [.keep, .prefix, .keep])
        #expect([inboxes[1].done, inboxes[1].failed, inboxes[1].work] == [nil, nil, nil])
    }

    @Test func anInstanceOfAGlobHasItsOwnNameAndFolders() throws {
        let yaml = minimal(
            "  - {name: 'p-{1}-{2}', path: /sftp/*/in-*/drop, done: '/filed/{1}/{2}'}\n")
        let glob = try parse(yaml).inboxes[1]
        let inbox = try #require(glob.instance(at: "/sftp/acme/in-a/drop"))
        #expect(inbox.name == "p-acme-a")
        #expect(inbox.scope == "p-acme-a")
        #expect(inbox.path == "/sftp/acme/in-a/drop")
        #expect(inbox.done == "/filed/acme/a")
        #expect(inbox.failed == "/sftp/acme/in-a/failed")
        #expect(inbox.work == "/sftp/acme/in-a/.work")
        #expect(inbox.ownReference == .prefix)
        #expect(!inbox.isGlob)
    }

    @Test(arguments: [
        "/sftp/acme/in-/drop", "/sftp/.acme/in-a/drop", "/sftp/acme/drop", "/sftp/acme/in-a/drop/x",
        "/srv/acme/in-a/drop",
    ])
    func whatDoesNotMatchIsNoInstance(folder: String) {
        let glob = Configuration.Inbox(name: "{1}-{2}", path: "/sftp/*/in-*/drop")
        #expect(glob.instance(at: FilePath(folder)) == nil)
    }

    /// Compared each with each they would take many minutes.
    @Test(.timeLimit(.minutes(1))) func aThousandInboxesAreReadAtOnce() throws {
        let yaml = minimal((0..<1000).map { "  - {name: p\($0), path: /sftp/p\($0)/inbox}\n" }.joined())
        #expect(try parse(yaml).inboxes.count == 1001)
    }

    @Test func aFoldersNameIsNotReadAsATemplate() throws {
        let glob = Configuration.Inbox(name: "{1}+{2}", path: "/sftp/*/*")
        #expect(glob.instance(at: "/sftp/{2}/b")?.name == "{2}+b")
    }
}
