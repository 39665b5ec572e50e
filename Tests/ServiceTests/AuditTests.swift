import Crypto
import FileSystem
import Foundation
import Ledger
import Model
import SluiceConfiguration
import SystemPackage
import TestSupport
import Testing

@testable import Service

/// What an audit makes of files on their way, by a ledger and folders that a test has put so.
@Suite(.timeLimit(.minutes(5))) struct AuditTests {
    private static let problem = Problem(.parseJSON, "no")

    /// An inbox whose drops a test moves by hand.
    private struct Desk {
        let folder: TemporaryFolder
        let ledger: Ledger
        let configuration: Configuration

        init(time: any TimeSource = SystemTime()) throws {
            folder = try TemporaryFolder()
            for name in ["state", "erp/inbox", "erp/.work", "erp/done", "erp/failed"] { _ = try folder.subfolder(name) }
            let yaml = """
                state: state
                api:
                  url: https://api.example.com
                  tokenURL: https://auth.example.com
                  audience: test
                  clientID: test
                  clientSecret: {env: SECRET}
                inboxes: [{name: erp, path: erp/inbox}]

                """
            configuration = try Configuration.parse(yaml, file: folder.path.appending("sluice.yaml"))
            ledger = try Ledger.open(state: configuration.state, boot: "boot", time: time) { nil }
        }

        func url(_ path: String) -> URL { folder.url.appendingPathComponent("erp/\(path)") }

        func drop(_ content: String = "{}", as name: String = "a.json", shelf: Int? = nil) -> Drop {
            var generator = SystemRandomNumberGenerator()
            let now = SystemTime().timestamp
            return Drop(
                id: DropID(at: now, using: &generator), arrival: ledger.nextArrival(), inbox: "erp",
                name: FileName(name), workName: WorkName(shelf: shelf, name: FileName(name)),
                bytes: Int64(content.utf8.count), receivedAt: now)
        }

        /// A drop that lies in `.work`, and waits for its turn.
        func enlist(_ content: String = "{}", as name: String = "a.json") async throws -> Drop {
            let drop = drop(content, as: name)
            try url(".work").write(content, as: name)
            try await ledger.enlist(drop, kind: .account, sha256: AuditTests.hash(content), content: drop.id.text)
            return drop
        }

        func move(_ path: String, to other: String) throws {
            try FileManager.default.moveItem(at: url(path), to: url(other))
        }

        func remove(_ path: String) throws {
            try FileManager.default.removeItem(at: url(path))
        }

        /// A drop that failed; it lies in `.work`, and its result in `failed`.
        func fail(_ content: String = "{}", as name: String = "a.json") async throws -> Drop {
            let drop = drop(content, as: name)
            try url(".work").write(content, as: name)
            let result = try await ledger.conclude(
                drop, sha256: AuditTests.hash(content), .failed(AuditTests.problem), filedName: drop.name)
            try Data(result.sidecar).write(to: url("failed/\(name).result.json"))
            return drop
        }

        /// A drop that failed, and was filed.
        func file(_ content: String = "{}", as name: String = "a.json") async throws -> Drop {
            let drop = try await fail(content, as: name)
            try move(".work/\(name)", to: "failed/\(name)")
            try await ledger.close(drop.id)
            return drop
        }

        func audit() throws -> [String] {
            try Audit.run(Administration(configuration)).findings.map { "\($0.spot.name): \($0.message)" }
        }
    }

    private static func hash(_ content: String) -> [UInt8] { Array(SHA256.hash(data: Array(content.utf8))) }

    @Test(arguments: [
        ("[  ]", "a.json: it has 4 bytes; it had 2"), ("[]", "a.json: its content is another than what was judged"),
    ]) func aDropOnItsWayIsComparedWithItsFile(content: String, message: String) async throws {
        let desk = try Desk()
        let drop = try await desk.enlist()
        #expect(try desk.audit() == [])
        try desk.url(".work").write(content, as: "a.json")
        #expect(try desk.audit() == [message])
        // So it is where its outcome stands.
        _ = try await desk.ledger.conclude(drop, .failed(Self.problem), filedName: drop.name)
        #expect(try desk.audit() == [message])
        try desk.remove(".work/a.json")
        #expect(try desk.audit() == ["a.json: it is on its way, and is not in the work folder"])
    }

    @Test func aDropMayLieInItsFolderBeforeTheLedgerSaysSo() async throws {
        let desk = try Desk()
        let drop = try await desk.fail()
        // Where folders are on two file systems, its copy and its result have other names at first.
        for end in ["copy", "tmp"] { try desk.url("failed").write("", as: ".\(drop.id).\(end)") }
        #expect(try desk.audit() == [])
        try desk.move(".work/a.json", to: "failed/a.json")
        #expect(try desk.audit() == [])
        // Its place is another one's by now, which the ledger does not know so far.
        try desk.url(".work").write("[]", as: "a.json")
        #expect(try desk.audit() == [])
    }

    @Test func aSecondCopyInTheWorkFolderIsFoundOnce() async throws {
        let desk = try Desk()
        _ = try await desk.file()
        try desk.url(".work").write("[]", as: "a.json")
        #expect(try desk.audit() == [], "it is another file")
        try desk.url(".work").write("{}", as: "a.json")
        #expect(try desk.audit() == ["a.json: it is in its folder, and the same lies in the work folder, too"])
        // It is the next drop's, which is on its way.
        let next = desk.drop()
        try await desk.ledger.enlist(next, kind: .account, sha256: Self.hash("{}"), content: "next")
        #expect(try desk.audit() == [])
    }

    @Test(arguments: [false, true])
    func besideARunningServiceOnlyWhatWasThereAtItsEndIsACopy(isOlder: Bool) async throws {
        // The drop ended an hour ago, or will in an hour.
        let now = SystemTime().timestamp
        let desk = try Desk(time: ManualTime(start: now + .seconds(isOlder ? 3600 : -3600)))
        _ = try await desk.file()
        try desk.url(".work").write("{}", as: "a.json")
        #expect(try desk.audit().count == 1)
        let lock = try StateLock(state: desk.configuration.state)
        #expect(try desk.audit().count == (isOlder ? 1 : 0), "the same was sent again, and claimed just now")
        withExtendedLifetime(lock) {}
    }

    @Test func aDropThatIsBeingPutBackIsAtTheOneEndOrTheOther() async throws {
        let desk = try Desk()
        let drop = try await desk.file()
        #expect(try await desk.ledger.requeueOnce([drop.id]) == [drop.id])
        let place = WorkName(shelf: 1, name: drop.name)
        try await desk.ledger.beginReturn(of: drop.id, to: place)
        #expect(try desk.audit() == [])
        _ = try desk.folder.subfolder("erp/.work/1")
        try desk.move("failed/a.json", to: ".work/1/a.json")
        #expect(try desk.audit() == [])
        try desk.remove("failed/a.json.result.json")
        #expect(try desk.audit() == [])
        try await desk.ledger.endReturn(of: drop.id, at: place)
        #expect(try desk.audit() == [])
        try desk.remove(".work/1/a.json")
        #expect(try desk.audit() == ["a.json: it is on its way, and is not in the work folder"])
    }

    @Test func aFailedDropThatComesBackIsFollowedUntilItIsAnotherOne() async throws {
        let desk = try Desk()
        _ = try await desk.file()
        try desk.remove("failed/a.json.result.json")
        for place in ["inbox/a.json", ".work/a.json"] {
            try desk.move(place == "inbox/a.json" ? "failed/a.json" : "inbox/a.json", to: place)
            #expect(try desk.audit() == [], "\(place)")
        }
        try desk.remove(".work/a.json")
        #expect(try desk.audit() == ["a.json: its file is missing"])
    }

    @Test func aNameThatALaterDropHasByNowIsNotHeldAgainstTheFirst() async throws {
        let desk = try Desk()
        // Taken up again, it fails under the name that it had, after a later one which has gone back since.
        let first = try await desk.file("[1]")
        try desk.remove("failed/a.json")
        _ = try await desk.file("[2]")
        try desk.move("failed/a.json", to: "inbox/a.json")
        #expect(try desk.audit() == [])
        #expect(try await desk.ledger.requeueOnce([first.id]) == [first.id])
        try await desk.ledger.endReturn(of: first.id, at: first.workName)
        try desk.url(".work").write("[1]", as: "a.json")
        #expect(try desk.audit() == [])
        let result = try await desk.ledger.conclude(first, .failed(Self.problem), filedName: first.name)
        try desk.move(".work/a.json", to: "failed/a.json")
        try Data(result.sidecar).write(to: desk.url("failed/a.json.result.json"))
        try await desk.ledger.close(first.id)
        #expect(try desk.audit() == [])
    }

    /// Drops go through every place while one looks.
    @Test func besideAServiceThatIsAtWorkThereIsNoFalseAlarm() async throws {
        try await Stage.run(inbox: "filing: copy") { stage in
            let administration = try Administration(stage.configuration())
            for round in 0..<4 {
                for number in 0..<25 {
                    try stage.drop(Stage.account("\(round)-\(number)"), as: "good-\(number).json")
                    try stage.drop("{]", as: "bad-\(number).json")
                }
                while stage.filed.count < 50 * (round + 1) {
                    #expect(try Audit.run(administration).findings == [])
                    await Task.yield()
                }
            }
        }
    }
}
