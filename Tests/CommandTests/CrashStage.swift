#if KILL_POINTS
    import Crypto
    import Foundation
    import Model
    import Sandbox
    import TestSupport
    import Testing

    /// Three inboxes in a folder of a test's own, a sandbox, and all that was dropped, by its hash.
    ///
    /// `erp` has its folders beside it, `far` its `.work` on another file system, and `partner` a folder `failed` there,
    /// ready markers, and copies of its own of all that comes.
    final class CrashStage {
        let folder: TemporaryFolder
        let sandbox: Sandbox
        private let address: SandboxAddress
        private let away: URL
        /// How often each content was dropped.
        private(set) var dropped: [String: Int] = [:]
        private(set) var sets: [DropSet] = []
        private var bells = 0
        private var lateAccounts: Set<String> = []
        var erpName = "erp"
        var partialGrace = "300ms"
        private var limits = "{requestsPerMinute: unlimited, recordsPerBatch: 2}"
        private var batching = "{mode: none}"
        /// How long drops stay in `done` and `failed`.
        var retention = "never"

        init(_ sandbox: Sandbox, _ address: SandboxAddress) throws {
            self.sandbox = sandbox
            self.address = address
            folder = try TemporaryFolder()
            // `/dev/shm` is a file system of its own on every Linux.
            away = URL(fileURLWithPath: "/dev/shm/sluice-crash-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: away, withIntermediateDirectories: true)
            for inbox in CrashStage.inboxes { _ = try folder.subfolder("\(inbox)/inbox") }
            try writeConfiguration()
        }

        deinit {
            try? FileManager.default.removeItem(at: away)
        }

        /// Each runs services, and a machine has few cores.
        static let places = Places(4)
        static let inboxes = ["erp", "far", "partner"]
        static let environment = ["SECRET_OF_THE_TEST": "hunter2-the-secret"]

        func writeConfiguration() throws {
            let schemas = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .deletingLastPathComponent().appendingPathComponent("schemas").path
            let kept = "retention: {done: \(retention), failed: \(retention)}"
            let common = "settle: 0s, partialGrace: \(partialGrace), rescan: 1s, attachments: {wait: 1h}, \(kept)"
            let text = """
                schemas: \(schemas)
                state: state
                api:
                  url: \(address.baseURL)/sync
                  tokenURL: \(address.baseURL)/oauth/token
                  audience: test
                  clientID: test
                  clientSecret: {env: SECRET_OF_THE_TEST}
                  confirm: completed
                admin: {listen: none}
                limits: \(limits)
                batching: \(batching)
                retry: {attempts: 3, base: 10ms, cap: 50ms}
                breaker: {failures: 6, probe: 100ms}
                inboxes:
                  - {name: \(erpName), path: erp/inbox, \(common)}
                  - {name: far, path: far/inbox, work: \(away.path)/far, \(common)}
                  - name: partner
                    path: partner/inbox
                    failed: \(away.path)/partner
                    filing: copy
                    ready: "{name}.ready"
                    settle: 0s
                    partialGrace: \(partialGrace)
                    rescan: 1s
                    \(kept)

                """
            try folder.url.write(text, as: "sluice.yaml")
        }

        /// Documents share requests, of which the rate allows few.
        func shareRequests() throws {
            limits = "{requestsPerMinute: 60}"
            batching = "{mode: backlog}"
            try writeConfiguration()
        }

        func configure(partialGrace: String) throws {
            self.partialGrace = partialGrace
            try writeConfiguration()
        }

        func configure(retention: String) throws {
            self.retention = retention
            try writeConfiguration()
        }

        // MARK: Dropping

        /// Drops one of everything.
        func drop(_ set: DropSet) throws {
            sets.append(set)
            for reference in set.troubled {
                sandbox.script([ScriptedAnswer](repeating: .status(503), count: 3), for: .reference(reference))
            }
            sandbox.script([.status(503)], for: .kind(.payment))
            for drop in set.drops { try put(drop) }
        }

        func put(_ drop: DropSet.Drop) throws {
            let target = folder.url.appendingPathComponent(drop.place)
            let parent = target.deletingLastPathComponent()
            try FileManager.default.createDirectory(
                at: parent, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            let part = parent.appendingPathComponent(".\(target.lastPathComponent).part")
            try drop.content.write(to: part)
            if drop.isForeign, geteuid() == 0 { try #require(chown(part.path, 65534, 65534) == 0) }
            try #require(rename(part.path, target.path) == 0)
            if drop.place.hasPrefix("partner") { try Data().write(to: URL(fileURLWithPath: target.path + ".ready")) }
            dropped[CrashStage.hash(drop.content), default: 0] += 1
        }

        /// Drops what others wait for: the account of an attachment that was too early; and, where a drop lies in
        /// `failed` until the API takes something, something.
        func bringOn() throws {
            let wasEarly = sandbox.requests.contains { $0.path.hasSuffix("attachment") && $0.status == 404 }
            for set in sets where wasEarly && lateAccounts.insert(set.name).inserted { try put(set.lateAccount) }
            guard files().contains(where: { $0.folder == "failed" && $0.name.hasPrefix("claims") }) else { return }
            bells += 1
            try put(DropSet.account("erp/inbox/bell-\(bells).json", ["BELL-\(bells)"]))
        }

        // MARK: Looking

        struct File {
            let inbox: String
            /// `inbox`, `.work`, `done` or `failed`.
            let folder: String
            let url: URL
            let sha256: String
            var name: String { url.lastPathComponent }
            var sidecar: URL { URL(fileURLWithPath: url.path + ".result.json") }
        }

        /// The four folders of an inbox.
        func folders(of inbox: String) -> [(name: String, url: URL)] {
            let own = folder.url.appendingPathComponent(inbox)
            return ["inbox", ".work", "done", "failed"].map { name in
                switch (inbox, name) {
                case ("far", ".work"), ("partner", "failed"): (name, away.appendingPathComponent(inbox))
                default: (name, own.appendingPathComponent(name))
                }
            }
        }

        /// Everything below a folder, by its path there.
        static func entries(below url: URL) -> [String] {
            (FileManager.default.enumerator(atPath: url.path)?.allObjects as? [String] ?? []).sorted()
        }

        /// Every drop, wherever it lies.
        func files() -> [File] {
            CrashStage.inboxes.flatMap { inbox in
                folders(of: inbox).flatMap { place, url in
                    CrashStage.entries(below: url).compactMap { path in
                        let file = url.appendingPathComponent(path)
                        let name = file.lastPathComponent
                        guard !name.hasPrefix("."), !name.hasSuffix(".result.json"), !name.hasSuffix(".ready") else {
                            return nil
                        }
                        // A drop that moves meanwhile is looked for again.
                        guard let content = FileManager.default.contents(atPath: file.path) else { return nil }
                        return File(inbox: inbox, folder: place, url: file, sha256: CrashStage.hash(content))
                    }
                }
            }
        }

        /// Whether everything has come to its end.
        func isIdle() -> Bool {
            let files = files()
            return files.count == dropped.values.reduce(0, +)
                && files.allSatisfy { file in
                    file.folder == "done" || file.folder == "failed" && DropSet.isBad(file.name)
                }
        }

        static func hash(_ data: Data) -> String {
            SHA256.hash(data: data).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        }

        // MARK: Running

        enum End: Equatable { case killed, idle }

        /// Runs the service until it has killed itself, or has nothing left to do; then it is stopped.
        ///
        /// - Parameters:
        ///   - count: the time that the point is reached.
        ///   - isDone: when there is nothing left to do; unless given, when everything lies where it should.
        func serve(
            until point: KillPoint?, count: Int = 1, or isDone: (() throws -> Bool)? = nil
        ) async throws -> End {
            var environment = CrashStage.environment
            if let point { environment["SLUICE_KILL_AT"] = "\(point.rawValue):\(count)" }
            let service = try Program.Running(["run"], in: folder.url, environment: environment)
            var looks = 0
            var isOver = false
            try await eventually("the service has died, or all is filed") {
                if service.hasEnded { return true }
                looks += 1
                // To look at everything takes a while.
                if looks % 10 == 0 {
                    try bringOn()
                    isOver = try (isDone ?? isIdle)() && service.errors.contains("started")
                    // What is filed may not be closed so far.
                    if isOver, point == nil { isOver = try await isNothingPending() }
                }
                return isOver
            }
            if isOver { service.signal(SIGTERM) }
            let status = try await service.status
            if status == 128 + SIGKILL { return .killed }
            let errors = try service.errors
            #expect(status == 0, "\(errors)")
            return .idle
        }

        /// Runs a command that is to kill itself.
        func command(_ arguments: [String], killedAt point: KillPoint?) async throws -> Int32 {
            var environment = CrashStage.environment
            if let point { environment["SLUICE_KILL_AT"] = point.rawValue }
            return try await Program.run(arguments, in: folder.url, environment: environment).status
        }

        func isThere(_ place: String) -> Bool {
            FileManager.default.fileExists(atPath: folder.url.appendingPathComponent(place).path)
        }

        /// Says that a file is whole.
        func mark(_ place: String) throws {
            try Data().write(to: folder.url.appendingPathComponent(place + ".ready"))
        }

        func forgetToken() {
            unlink(folder.url.appendingPathComponent("state/token.json").path)
        }

        func remove(_ place: String) {
            unlink(folder.url.appendingPathComponent(place).path)
        }

        /// Goes on with a copy of the ledger.
        func restore(_ copy: String) throws {
            let state = folder.url.appendingPathComponent("state")
            for name in try state.names where name.hasPrefix("ledger.sqlite") {
                try FileManager.default.removeItem(at: state.appendingPathComponent(name))
            }
            try FileManager.default.copyItem(
                at: folder.url.appendingPathComponent(copy), to: state.appendingPathComponent("ledger.sqlite"))
        }

        private func isNothingPending() async throws -> Bool {
            let list = try await Program.run(
                ["list", "--pending"], in: folder.url, environment: CrashStage.environment)
            return list.output == "no drops\n"
        }

        func audit() async throws -> Program.Ended {
            try await Program.run(["audit"], in: folder.url, environment: CrashStage.environment)
        }

    }
#endif
