import FileSystem
import Foundation
import JSONText
import Model
import Sandbox
import Service
import Synchronization
import SystemPackage
import Testing
import TestSupport

#if canImport(Glibc)
    import Glibc
#endif

/// Senders who try to have the service read, move or send what is not theirs.
@Suite(.timeLimit(.minutes(10))) struct HostileSenderTests {
    /// A document that the API would take, outside of every inbox.
    private final class Secret: Sendable {
        static let word = "SECRET-4711"
        let url: URL
        private let before: stat

        init(in folder: URL) throws {
            url = folder.appendingPathComponent("secret.json")
            try Data(Stage.account(Secret.word).utf8).write(to: url)
            try #require(chmod(url.path, 0o600) == 0)
            var status = stat()
            try #require(lstat(url.path, &status) == 0)
            before = status
        }

        var inode: UInt64 { UInt64(before.st_ino) }

        func expectUntouched() throws {
            var now = stat()
            try #require(lstat(url.path, &now) == 0, "it is not in its place")
            #expect(now.st_ino == before.st_ino && now.st_mode == before.st_mode && now.st_uid == before.st_uid)
            #expect(now.st_mtim.tv_sec == before.st_mtim.tv_sec && now.st_mtim.tv_nsec == before.st_mtim.tv_nsec)
            #expect(try Data(contentsOf: url) == Data(Stage.account(Secret.word).utf8))
        }
    }

    /// Puts one thing after the other under one name, as fast as it can.
    private final class Swapper: Sendable {
        private let isOver = DispatchSemaphore(value: 0)
        private let folder: String
        private let secret: String
        private let rounds: ClosedRange<Int>
        private let isStopped = Atomic(false)
        private let seed: UInt64

        init(_ folder: URL, secret: URL, rounds: ClosedRange<Int>, seed: UInt64) {
            (self.folder, self.secret, self.rounds, self.seed) = (folder.path, secret.path, rounds, seed)
        }

        func start() { Thread { [self] in run() }.start() }

        /// Returns when it has come to its end.
        func stop() async {
            isStopped.store(true, ordering: .relaxed)
            await Task.detached { [self] in blockUntilOver() }.value
        }

        private func blockUntilOver() { isOver.wait() }

        private func run() {
            let target = folder + "/a.json"
            let aside = folder + "/.aside"
            var generator = SeededGenerator(seed: seed)
            for round in 0..<rounds.upperBound {
                if round >= rounds.lowerBound, isStopped.load(ordering: .relaxed) { break }
                // Sometimes it is taken away first, sometimes another takes its place in one step.
                let name = round % 2 == 0 ? aside : target
                if name == target { _ = rmdir(target) + unlink(target) }
                switch round % 6 {
                case 0: write(Stage.account("A-\(seed)-\(round)"), to: name)
                case 1: symlink(secret, name)
                case 2: link(secret, name)
                case 3: mkfifo(name, 0o666)
                case 4: write("{\"accounts\": [", to: name)
                default:
                    mkdir(name, 0o777)
                    link(secret, name + "/1")
                }
                if name == aside, rename(aside, target) != 0 {
                    _ = unlink(target + "/1") + rmdir(target)
                    rename(aside, target)
                }
                // Long enough to be seen, and never the same.
                usleep(UInt32.random(in: 0...12_000, using: &generator))
            }
            _ = unlink(target + "/1") + rmdir(target) + unlink(target)
            isOver.signal()
        }

        /// A file of somebody else's, where that is possible.
        private func write(_ text: String, to name: String) {
            let file = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK, 0o644)
            guard file >= 0 else { return }
            _ = text.withCString { Glibc.write(file, $0, strlen($0)) }
            if geteuid() == 0 { fchown(file, 12345, 12345) }
            close(file)
        }
    }

    private final class Flag: Sendable {
        private let value = Atomic(false)
        var isSet: Bool { value.load(ordering: .relaxed) }
        func set() { value.store(true, ordering: .relaxed) }
    }

    /// The regular files below a folder, links not followed.
    private static func files(in folder: URL) throws -> [(path: String, status: stat)] {
        var files: [(String, stat)] = []
        guard let walk = FileManager.default.enumerator(atPath: folder.path) else { return [] }
        for case let name as String in walk {
            var status = stat()
            let path = folder.path + "/" + name
            guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { continue }
            files.append((path, status))
        }
        return files
    }

    /// The secret is where it was, and nowhere else but in files that are the secret itself under another name.
    private static func expectNothingLeaked(_ secret: Secret, _ stage: Stage) throws {
        try secret.expectUntouched()
        for folder in [stage.done, stage.failed, stage.work] {
            for (path, status) in try files(in: folder) where UInt64(status.st_ino) != secret.inode {
                let text = String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self)
                #expect(!text.contains(Secret.word), "\(path)")
            }
        }
        for (path, status) in try files(in: stage.done) {
            #expect(UInt64(status.st_ino) != secret.inode, "\(path) was never accepted")
        }
        for event in stage.allEvents { #expect(!"\(event)".contains(Secret.word)) }
        #expect(stage.sandbox.books.accounts[Secret.word] == nil)
    }

    @Test(arguments: ["filing: auto", "filing: move", "filing: copy", "watch: poll\npoll: 100ms"])
    func aNameThatIsSwappedAsFastAsCanBeLeaksNothingAndLosesNothing(inbox: String) async throws {
        try await Stage.run(inbox: inbox + "\npartialGrace: 0s") { stage in
            let secret = try Secret(in: stage.folder.url)
            try stage.drop(Stage.account("FIRST"), as: "first.json")
            _ = try await stage.result(of: "first.json")
            let swapper = Swapper(stage.inbox, secret: secret.url, rounds: 300...30_000, seed: 1)
            swapper.start()
            try await eventually("the service took some", within: .seconds(300)) { stage.filed.count > 40 }
            await swapper.stop()
            try stage.drop(Stage.account("GOOD"), as: "good.json")
            #expect(try await stage.result(of: "good.json").outcome == "accepted")
            try await eventually("nothing is under way") { try Stage.names(in: stage.work).isEmpty }
            try Self.expectNothingLeaked(secret, stage)
            // Every one that was taken is filed, and its result with it.
            try await eventually("all are told of") {
                try (Stage.names(in: stage.done) + Stage.names(in: stage.failed)).count == 2 * stage.filed.count
            }
            print("swapped, \(inbox): \(stage.filed.count) were taken")
            let outcomes = Set(stage.filed.map { $0.problem?.code.rawValue ?? "accepted" })
            #expect(outcomes.isSuperset(of: ["accepted", "read.notRegular"]), "\(outcomes)")
        }
    }

    /// Its first name goes while it waits to be refused: what has one name is a drop, and nothing tells it from a
    /// rename as OpenSSH does it. Its owner's rights stay with it where it is moved.
    @Test func aSecretThatIsLinkedAgainAndAgainIsNeverRead() async throws {
        try await Stage.run { stage in
            let secret = try Secret(in: stage.folder.url)
            for number in 0..<20 { link(secret.url.path, stage.inbox.appendingPathComponent("\(number).json").path) }
            try await stage.waitForFiled(20)
            #expect(stage.filed.allSatisfy { $0.problem?.code == .readNotRegular })
            // Links of links that go on and off.
            for number in 0..<10 {
                let name = stage.inbox.appendingPathComponent("again-\(number).json").path
                for _ in 0..<20 {
                    link(secret.url.path, name)
                    try await Task.sleep(for: .milliseconds(5))
                    unlink(name)
                }
            }
            try stage.drop(Stage.account("GOOD"), as: "good.json")
            #expect(try await stage.result(of: "good.json").outcome == "accepted")
            try Self.expectNothingLeaked(secret, stage)
        }
    }

    /// `linkat` of `/proc/self/fd` gives a claimed file a second name in the sender's reach.
    @Test(arguments: ["filing: move", "filing: copy"])
    func aSecondNameThatIsGivenAfterTheClaimChangesNothingThatIsSent(inbox: String) async throws {
        try await Stage.run(inbox: inbox) { stage in
            for number in 0..<30 {
                let path = stage.inbox.appendingPathComponent(".held-\(number)").path
                let held = open(path, O_RDWR | O_CREAT | O_EXCL, 0o644)
                try #require(held >= 0)
                let text = Stage.account("A-\(number)")
                _ = text.withCString { write(held, $0, strlen($0)) }
                rename(path, stage.inbox.appendingPathComponent("\(number).json").path)
                for attempt in 0..<40 {
                    linkat(
                        AT_FDCWD, "/proc/self/fd/\(held)", AT_FDCWD,
                        stage.folder.url.appendingPathComponent("second-\(number)-\(attempt)").path, AT_SYMLINK_FOLLOW)
                    if attempt == 20 { _ = "EVIL".withCString { pwrite(held, $0, 4, 33) } }
                    usleep(200)
                }
                close(held)
            }
            try await stage.waitForFiled(30)
            for result in stage.filed where result.outcome == .accepted {
                let text = try Data(contentsOf: stage.done.appendingPathComponent(result.drop.name.description))
                let json = try JSONSerialization.jsonObject(with: text) as? [String: [[String: Any]]]
                let reference = try #require(json?["accounts"]?.first?["clientReferenceId"] as? String)
                if inbox == "filing: copy" {
                    #expect(stage.sandbox.books.accounts[reference] != nil, "\(reference) is filed, and was not sent")
                }
            }
            #expect(stage.filed.count { $0.outcome == .accepted } + stage.filed.count { $0.outcome == .failed } == 30)
        }
    }

    /// Writes of somebody who keeps his descriptor, from the first look to long after the end.
    @Test func whatIsFiledIsWhatWasSentHoweverItIsWrittenTo() async throws {
        try await Stage.run(inbox: "filing: copy") { stage in
            let count = 40
            let flag = Flag()
            await withTaskGroup(of: Void.self) { group in
                for number in 0..<count {
                    let path = stage.inbox.appendingPathComponent("\(number).json").path
                    let part = stage.inbox.appendingPathComponent(".part-\(number)").path
                    let text = Stage.account("A-\(number)-00000")
                    let held = open(part, O_RDWR | O_CREAT | O_EXCL, 0o644)
                    _ = text.withCString { write(held, $0, strlen($0)) }
                    let place = off_t(text.utf8.count - Stage.account("00000").utf8.count + 36)
                    rename(part, path)
                    for round in 1...60 {
                        let digits = String(String(100_000 + round).dropFirst())
                        _ = digits.withCString { pwrite(held, $0, 5, place) }
                        usleep(50)
                    }
                    group.addTask {
                        while !flag.isSet {
                            _ = "99999".withCString { pwrite(held, $0, 5, place) }
                            try? await Task.sleep(for: .milliseconds(1))
                        }
                        close(held)
                    }
                }
                try? await stage.waitForFiled(count)
                try? await Task.sleep(for: .milliseconds(100))
                flag.set()
            }
            #expect(stage.filed.count == count)
            for result in stage.filed {
                let name = result.drop.name.description
                guard result.outcome == .accepted else {
                    #expect(result.problem?.code == .readChanged, "\(name)")
                    continue
                }
                let text = try Data(contentsOf: stage.done.appendingPathComponent(name))
                let json = try JSONSerialization.jsonObject(with: text) as? [String: [[String: Any]]]
                let reference = try #require(json?["accounts"]?.first?["clientReferenceId"] as? String)
                #expect(stage.sandbox.books.accounts[reference]?.times == 1, "\(name): \(reference)")
            }
        }
    }

    /// The size of its claim is what memory was taken for; a terabyte is never copied.
    @Test func aFileThatGrowsToATerabyteAfterItsClaimIsNotCopied() async throws {
        try await Stage.run(inbox: "filing: copy\npartialGrace: 0s") { stage in
            for number in 0..<20 {
                let part = stage.inbox.appendingPathComponent(".part-\(number)").path
                let held = open(part, O_RDWR | O_CREAT | O_EXCL, 0o644)
                _ = Stage.account("A-\(number)").withCString { write(held, $0, strlen($0)) }
                rename(part, stage.inbox.appendingPathComponent("\(number).json").path)
                usleep(UInt32(number) * 100)
                ftruncate(held, 1 << 40)
                close(held)
            }
            try stage.drop(Stage.account("GOOD"), as: "good.json")
            #expect(try await stage.result(of: "good.json").outcome == "accepted")
            try await stage.waitForFiled(21)
            let codes = Set(stage.filed.map { $0.problem?.code.rawValue ?? "accepted" })
            #expect(codes.isSubset(of: ["accepted", "read.changed", "read.tooLarge", "read.incomplete"]), "\(codes)")
        }
    }

    @Test func whatIsNoFileIsFiledAndNeverOpened() async throws {
        try await Stage.run { stage in
            let inbox = stage.inbox.path
            mkfifo(inbox + "/pipe.json", 0o666)
            mkfifo(inbox + "/pipe.pdf", 0o666)
            let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            // The path is too long for a socket's address; a folder's descriptor is not.
            let directory = open(inbox, O_RDONLY | O_DIRECTORY)
            withUnsafeMutableBytes(of: &address.sun_path) {
                $0.copyBytes(from: "/proc/self/fd/\(directory)/s.json".utf8)
            }
            let isBound = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
                }
            }
            #expect(isBound)
            defer { _ = close(listener) + close(directory) }
            symlink("/dev/zero", inbox + "/link-to-zero.json")
            symlink("/proc/self/environ", inbox + "/environ.json")
            symlink("link-to-itself.json", inbox + "/link-to-itself.json")
            symlink("../done", inbox + "/link-to-done")
            var count = 7
            // Not every container's root may make devices.
            if mknod(inbox + "/zero.json", S_IFCHR | 0o666, makedev(1, 5)) == 0 { count += 1 }
            if mknod(inbox + "/null.xml", S_IFCHR | 0o666, makedev(1, 3)) == 0 { count += 1 }
            if mknod(inbox + "/full.pdf", S_IFCHR | 0o666, makedev(1, 7)) == 0 { count += 1 }
            for name in ["orders.json", "..json", "a.json.result.json", ".work", "done"] {
                mkdir(inbox + "/" + name, 0o777)
                _ = FileManager.default.createFile(
                    atPath: inbox + "/\(name)/1.json", contents: Data(Stage.account("INNER").utf8))
            }
            try stage.drop(Stage.account("GOOD"), as: "good.json")
            #expect(try await stage.result(of: "good.json").outcome == "accepted")
            try await stage.waitForFiled(count + 1)
            let odd = stage.filed.filter { $0.outcome == .failed }
            #expect(odd.count == count)
            #expect(odd.allSatisfy { $0.problem?.code == .readNotRegular && $0.batches.isEmpty })
            #expect(stage.sandbox.accepted.count == 1)
            #expect(try stage.inbox.names == ["..json", ".work", "a.json.result.json", "done", "orders.json"])
            #expect(try Stage.names(in: stage.work).isEmpty)
        }
    }

    private func makedev(_ major: UInt64, _ minor: UInt64) -> dev_t { dev_t(major << 8 | minor) }

    /// A terabyte of nothing, of every form and of none, filed by copies and over file systems: none delays another inbox.
    @Test(arguments: [false, true])
    func aTerabyteOfNothingFailsAtOnceAndDelaysNobody(isFar: Bool) async throws {
        let far = URL(fileURLWithPath: "/dev/shm/sluice-test-\(UUID().uuidString)")
        if isFar {
            for name in ["work", "done", "failed"] {
                try FileManager.default.createDirectory(
                    at: far.appendingPathComponent(name), withIntermediateDirectories: true,
                    attributes: [.posixPermissions: 0o700])
            }
        }
        defer { if isFar { do { try FileManager.default.removeItem(at: far) } catch { print("\(error)") } } }
        let elsewhere = isFar ? "work: \(far.path)/work\nfailed: \(far.path)/failed\n" : ""
        try await Stage.prepare { stage in
            let inboxes: Stage.Inboxes = [
                "erp": elsewhere + "filing: copy\nattachments: {name: \"{clientReferenceId}\"}",
                "other": "filing: copy",
            ]
            try await stage.serve(inboxes) {
                let codes = [
                    "a.json": "read.tooLarge", "a.xml": "read.tooLarge", "INV-1.pdf": "size.multipart",
                    "a.bin": "read.tooLarge", "begins.json": "read.tooLarge", "zeros.bin": "attachment.type",
                    // No more than is read.
                    "short.json": "read.incomplete", "short.xml": "read.incomplete",
                ]
                for (name, _) in codes {
                    let part = stage.inbox.appendingPathComponent(".part").path
                    let file = open(part, O_RDWR | O_CREAT | O_EXCL, 0o644)
                    let (head, tail) =
                        name.hasSuffix(".xml")
                        ? ("<accounts>", "</accounts>")
                        : name.hasSuffix(".pdf")
                            ? ("%PDF-1.4\n", "%%EOF\n") : (String(Stage.account("A").dropLast()) + ",", "]}")
                    let size: off_t = name.hasPrefix("short") ? 4_000_000_000 : 1_000_000_000_000
                    if !["a.json", "zeros.bin"].contains(name) {
                        _ = head.withCString { pwrite(file, $0, strlen($0), 0) }
                    }
                    ftruncate(file, size)
                    _ = tail.withCString { pwrite(file, $0, strlen($0), size) }
                    close(file)
                    rename(part, stage.inbox.appendingPathComponent(name).path)
                }
                try stage.drop(Stage.account("GOOD"), as: "good.json", into: "other")
                #expect(try await stage.result(of: "good.json", from: "other").outcome == "accepted")
                try await stage.waitForFiled(codes.count + 1)
                for result in stage.filed where result.drop.inbox == "erp" {
                    let name = result.drop.name.description
                    let code = try #require(result.problem?.code.rawValue)
                    #expect(code == codes[name], "\(name) \(code)")
                    #expect(result.drop.bytes > 3_000_000_000)
                }
            }
        }
    }

    /// Names that could be taken for another drop's, its result's, or a shelf's.
    @Test func namesThatPlayWithNumbersAndResultsTakeNobodysPlace() async throws {
        try await Stage.run { stage in
            let names = [
                "orders.json", "orders.2.json", "orders.2.2.json", "orders.result.json.json", "1", "2", "1.json",
                "orders.json.result", "result.json", "x.result.json.json",
            ]
            for round in 0..<3 {
                for name in names { try stage.drop(Stage.account("\(name)-\(round)"), as: name) }
                // A result of another's drop, before there is one: it is nobody's drop, and goes with the next of its name.
                try await eventually("the last one went") {
                    try !Stage.names(in: stage.inbox).contains("orders.json.result.json")
                }
                try stage.drop("{\"outcome\": \"accepted\"}", as: "orders.json.result.json")
                try await stage.waitForFiled((round + 1) * names.count)
            }
            let filed = try (Stage.names(in: stage.done) + Stage.names(in: stage.failed))
            #expect(filed.count == 2 * 3 * names.count && Set(filed).count == filed.count)
            #expect(stage.sandbox.accepted.count == stage.filed.count { $0.outcome == .accepted })
            for folder in [stage.done, stage.failed] {
                for name in try Stage.names(in: folder) where !name.hasSuffix(".result.json") {
                    let drop = try folder.text(of: name)
                    let result = try ResultFile(
                        Array(Data(contentsOf: folder.appendingPathComponent(name + ".result.json"))),
                        isDone: folder == stage.done)
                    let said = try #require(result.json["drop"]?["name"]?.string)
                    #expect(drop.contains("\"\(said)-"), "\(name) has the result of \(said)")
                }
            }
        }
    }
}
