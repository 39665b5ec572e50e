import Foundation
import Glibc
import Inbox
import Model
import Sandbox
import Service
import Testing
import TestSupport

/// A claimed file that cannot be read, or is gone, fails nothing and stops nobody else.
@Suite(.timeLimit(.minutes(5))) struct UnreadableFileTests {
    /// A file of sysfs, mounted over another: every read of it is an I/O error, and it says that it has 4096 bytes.
    private final class BadSector: Sendable {
        static let source = "/sys/class/net/lo/power/autosuspend_delay_ms"
        static let isPossible =
            SmallDisk.canMount && FileManager.default.fileExists(atPath: source)
            && (try? Data(contentsOf: URL(fileURLWithPath: source))) == nil
        private let path: String

        init(over file: URL) throws {
            path = file.path
            guard mount(BadSector.source, path, nil, UInt(MS_BIND), nil) == 0 else {
                throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO)
            }
        }

        deinit { mend() }

        func mend() { _ = umount2(path, CInt(MNT_DETACH)) }
    }

    /// A document of as many bytes.
    private static func account(_ reference: String, amount: String) -> String {
        let text = Stage.account(reference, amount: amount)
        return text + String(repeating: " ", count: 4096 - text.utf8.count)
    }

    /// Lies in `.work` when the service starts, unreadable; a copy is made of it before it is read.
    private func withBadSector(
        inbox: String = "", _ body: @escaping @Sendable (Stage, BadSector) async throws -> Void
    ) async throws {
        try await Stage.prepare { stage in
            let sector = try Self.makeBadSector(stage, inbox: inbox)
            try await stage.whileServing { try await body(stage, sector) }
        }
    }

    private static func makeBadSector(_ stage: Stage, inbox: String) throws -> BadSector {
        try stage.configure(["erp": "filing: copy\n" + inbox])
        try FileManager.default.createDirectory(
            at: stage.work, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        try stage.work.write(account("INV-0", amount: "1"), as: "bad.json")
        return try BadSector(over: stage.work.appendingPathComponent("bad.json"))
    }

    @Test(.enabled(if: BadSector.isPossible, "needs root, and sysfs"))
    func aFileThatCannotBeReadStopsNoOther() async throws {
        try await withBadSector { stage, sector in
            // More than are worked on at the same time.
            for number in 1...120 { try stage.drop(Stage.account("INV-\(number)"), as: "\(number).json") }
            try await stage.waitForFiled(120)
            sector.mend()
            #expect(try await stage.result(of: "bad.json").outcome == "accepted")
        }
    }

    /// It looks younger than its claim, as a copy does, so that only its hash could tell whose it is.
    @Test(.enabled(if: BadSector.isPossible, "needs root, and sysfs"))
    func aFileThatCannotBeReadAtTheStartStopsNoOther() async throws {
        let time = SteppedTime()
        time.step(by: .seconds(-10 * 365 * 24 * 3600))
        try await Stage.prepare(time: time) { stage in
            stage.sandbox.script([.hang])
            try await stage.serve(["erp": "filing: copy"]) {
                try stage.drop(Self.account("INV-0", amount: "1"), as: "bad.json")
                try await eventually("it has left") { stage.sandbox.requests.contains { $0.reference != nil } }
            }
            let sector = try BadSector(over: stage.work.appendingPathComponent("bad.json"))
            try await stage.whileServing {
                try stage.drop(Stage.account("INV-1"), as: "other.json")
                #expect(try await stage.result(of: "other.json").outcome == "accepted")
                sector.mend()
                #expect(try await stage.result(of: "bad.json").outcome == "accepted")
            }
            #expect(stage.sandbox.accepted.map(\.acceptances) == [1, 1])
        }
    }

    /// Another inbox has an unfinished drop of that name, so that only its hash could tell that they did not change folders.
    @Test(.enabled(if: BadSector.isPossible, "needs root, and sysfs"))
    func aFileThatCannotBeReadAndMayBeAnotherInboxsStopsNoOther() async throws {
        try await Stage.prepare { stage in
            stage.sandbox.script([.hang, .hang])
            try await stage.serve(["erp": "filing: copy", "second": "filing: copy"]) {
                try stage.drop(Self.account("INV-0", amount: "1"), as: "bad.json", into: "erp")
                try stage.drop(Self.account("INV-9", amount: "1"), as: "bad.json", into: "second")
                try await eventually("both have left") {
                    stage.sandbox.requests.count { $0.reference != nil } == 2
                }
            }
            let sector = try BadSector(over: stage.work.appendingPathComponent("bad.json"))
            try await stage.whileServing {
                try stage.drop(Stage.account("INV-1"), as: "other.json")
                #expect(try await stage.result(of: "other.json").outcome == "accepted")
                #expect(try await stage.result(of: "bad.json", from: "second").outcome == "accepted")
                sector.mend()
                #expect(try await stage.result(of: "bad.json").outcome == "accepted")
            }
            #expect(stage.sandbox.accepted.map(\.acceptances) == [1, 1, 1])
        }
    }

    /// What came later is the last word on its account, as with a drop that was put back.
    @Test(.enabled(if: BadSector.isPossible, "needs root, and sysfs"))
    func aFileThatCouldNotBeReadIsNotSentAfterALaterOne() async throws {
        try await withBadSector { stage, sector in
            try stage.drop(Stage.account("INV-0", amount: "2"), as: "later.json")
            #expect(try await stage.result(of: "later.json").outcome == "accepted")
            sector.mend()
            #expect(try await stage.result(of: "bad.json").code == "order.superseded")
        }
    }

    @Test(.enabled(if: BadSector.isPossible, "needs root, and sysfs"))
    func strictGoesOnWithNoneBeforeIt() async throws {
        try await withBadSector(inbox: "ordering: strict") { stage, sector in
            try stage.drop(Stage.account("INV-1"), as: "later.json")
            try await eventually("it is told") {
                stage.allEvents.contains { if case .fault = $0 { true } else { false } }
            }
            sector.mend()
            try await stage.waitForFiled(2)
            #expect(stage.sandbox.books.accounts.count == 2)
            #expect(stage.filed.map(\.drop.name) == [FileName("bad.json"), FileName("later.json")])
        }
    }

    @Test(.enabled(if: BadSector.isPossible, "needs root, and sysfs"), arguments: [false, true])
    func aRunWithOnceLeavesAFileThatCannotBeRead(isStrict: Bool) async throws {
        try await Stage.prepare { stage in
            let sector = try Self.makeBadSector(stage, inbox: isStrict ? "ordering: strict" : "")
            try stage.drop(Stage.account("INV-1"), as: "later.json")
            try await stage.makeService(once: true).run()
            #expect(stage.notTaken == [FileName("bad.json")])
            #expect(stage.filed.count == (isStrict ? 0 : 1))
            sector.mend()
            try await stage.makeService(once: true).run()
            #expect(stage.filed.map(\.outcome) == [.accepted, .accepted])
            if isStrict { #expect(stage.filed.first?.drop.name == FileName("bad.json")) }
        }
    }

    @Test func aFileThatIsRemovedWhileItWaitsStopsNobody() async throws {
        try await Stage.prepare { stage in
            stage.sandbox.script([.delay(.seconds(3))])
            try await stage.serve {
                try stage.drop(Stage.account("INV-1", amount: "1"), as: "a.json")
                try await eventually("it has left") { stage.sandbox.requests.contains { $0.reference != nil } }
                for (name, amount) in [("b.json", "2"), ("c.json", "3")] {
                    try stage.drop(Stage.account("INV-1", amount: amount), as: name)
                    try await eventually("it is taken") { try Stage.names(in: stage.work).contains(name) }
                }
                try FileManager.default.removeItem(at: stage.work.appendingPathComponent("b.json"))
                try await stage.waitForFiled(2)
            }
            #expect(stage.filed.map(\.drop.name) == [FileName("a.json"), FileName("c.json")])
            #expect(stage.missing == [FileName("b.json")])
        }
    }

    /// As when its file system is mounted anew.
    @Test func anotherFolderInThePlaceOfWorkIsTheOneThatIsReadFrom() async throws {
        try await Stage.prepare { stage in
            stage.sandbox.script([.delay(.seconds(2))])
            try await stage.serve {
                try stage.drop(Stage.account("INV-1"), as: "a.json")
                try await eventually("it has left") { stage.sandbox.requests.contains { $0.reference != nil } }
                try FileManager.default.moveItem(at: stage.work, to: stage.url(of: "work-before"))
                try FileManager.default.createDirectory(
                    at: stage.work, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
                try stage.drop(Stage.account("INV-2"), as: "b.json")
                #expect(try await stage.result(of: "b.json").outcome == "accepted")
                try await eventually("the other is missed") { stage.missing == [FileName("a.json")] }
            }
        }
    }

    @Test func aFileThatIsRemovedBeforeItIsFiledIsSaidToBeGone() async throws {
        try await Stage.withFaults { stage in
            stage.sandbox.script([.delay(.seconds(2))])
            try await stage.whileServing {
                try stage.drop(Stage.account("INV-1"), as: "a.json")
                try await eventually("it has left") { stage.sandbox.requests.contains { $0.reference != nil } }
                // No folder, and no place for one.
                try Data().write(to: stage.done)
                try await eventually("it is to be filed") {
                    stage.allEvents.contains { if case .fault = $0 { true } else { false } }
                }
                try FileManager.default.removeItem(at: stage.work.appendingPathComponent("a.json"))
                try FileManager.default.removeItem(at: stage.done)
                try await eventually("it is said") { stage.missing == [FileName("a.json")] }
                try stage.drop(Stage.account("INV-2"), as: "b.json")
                _ = try await stage.result(of: "b.json")
            }
            #expect(try Stage.names(in: stage.done).sorted() == ["b.json", "b.json.result.json"])
            #expect(
                stage.allEvents.count { if case .fault = $0 { true } else { false } }
                    == stage.allEvents.count { if case .faultOver = $0 { true } else { false } })
        }
    }
}

extension Stage {
    fileprivate var notTaken: [FileName] {
        allEvents.compactMap { if case .inbox(_, .cannotClaim(let name, _)) = $0 { name } else { nil } }
    }

    var missing: [FileName] {
        allEvents.compactMap { if case .missing(let drop) = $0 { drop.name } else { nil } }
    }
}
