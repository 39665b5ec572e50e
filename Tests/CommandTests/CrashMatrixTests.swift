#if KILL_POINTS
    import Foundation
    import Model
    import Sandbox
    import TestSupport
    import Testing

    /// `kill -9` at every named instant of a drop's way: right before and right after each step that lasts.
    @Suite(
        .enabled(if: FileManager.default.isWritableFile(atPath: "/dev/shm"), "needs a second file system in /dev/shm"),
        .timeLimit(.minutes(10)))
    struct CrashMatrixTests {
        /// How often a service dies at the same point: once, and with `SLUICE_CRASH_MATRIX=twice` besides twice.
        static let deaths = ProcessInfo.processInfo.environment["SLUICE_CRASH_MATRIX"] == "twice" ? [1, 2] : [1]

        @Test(arguments: KillPoint.allCases, deaths) func nothingIsLostAndNothingDoubled(
            killedAt point: KillPoint, times: Int
        ) async throws {
            try await CrashStage.places.whileIn {
                try await Sandbox.withServer(SandboxOptions(requestsPerMinute: nil)) { sandbox, address in
                    let stage = try CrashStage(sandbox, address)
                    switch point {
                    case .retryBegins, .retryNoted, .retryCopyMade, .retryCopyPlaced, .retryMoved, .retryEnded:
                        try await Self.killRetry(at: point, times: times, stage)
                    case .backupCopied, .backupPlaced: try await Self.killBackup(at: point, times: times, stage)
                    case .orphanAdopted: try await Self.killWhileARenamedInboxIsTakenUp(times: times, stage)
                    case .resultWithdrawn, .otherNameReserved, .otherNameCommitted:
                        try await Self.killWhereTheNameIsTaken(at: point, times: times, stage)
                    case .jointKept, .joined, .dissolved:
                        try await Self.killWhereDocumentsShareRequests(at: point, times: times, stage)
                    case .removalBegins, .removalIntended, .dropRemoved, .resultRemoved, .removalCommitted:
                        try await Self.killRemoval(at: point, times: times, stage)
                    default: try await Self.killService(at: point, times: times, stage)
                    }
                }
            }
        }

        /// The second time it takes up what the first has left, among new drops.
        private static func killService(at point: KillPoint, times: Int, _ stage: CrashStage) async throws {
            // Long enough to be taken back after a start, however slow that is.
            if point.isAboutUnfinishedDrops { try stage.configure(partialGrace: "60s") }
            for kills in 1...times {
                // An outage is what it takes to get there.
                if point == .outageNoted { stage.sandbox.script([ScriptedAnswer](repeating: .status(503), count: 12)) }
                try stage.drop(DropSet(name: "set\(kills)"))
                let end = try await stage.serve(until: point, count: point.isAboutAnyCommit ? 6 : 1)
                #expect(end == .killed, "\(point) was never reached")
                // What the first left is gone on with beside the others.
                try stage.expectOnePlaceEach(copies: point.isBetweenACopyAndItsOriginal ? kills : 0)
                // The token's way begins again only where none is kept.
                if point.isAboutTheToken { stage.forgetToken() }
            }
            if point.isAboutUnfinishedDrops { try stage.configure(partialGrace: "300ms") }
            #expect(try await stage.serve(until: nil) == .idle)
            try await stage.expectTheEnd()
            stage.expectBooks()
        }

        private static func killWhereDocumentsShareRequests(
            at point: KillPoint, times: Int, _ stage: CrashStage
        ) async throws {
            try stage.shareRequests()
            for kills in 1...times {
                // The API refuses one request for what is in it, whatever that is.
                if point == .dissolved { stage.sandbox.script([.status(422)], for: .kind(.account)) }
                for number in 1...100 {
                    try stage.put(DropSet.account("erp/inbox/\(kills)-\(number).json", ["J-\(kills)-\(number)"]))
                }
                #expect(try await stage.serve(until: point) == .killed, "\(point) was never reached")
                try stage.expectOnePlaceEach()
            }
            #expect(try await stage.serve(until: nil) == .idle)
            try await stage.expectTheEnd()
            stage.expectBooks()
            #expect(stage.sandbox.books.accounts.count == 100 * times)
            #expect(stage.sandbox.books.accounts.values.allSatisfy { $0.times == 1 })
        }

        private static func killRetry(at point: KillPoint, times: Int, _ stage: CrashStage) async throws {
            try stage.drop(DropSet(name: "set"))
            #expect(try await stage.serve(until: nil) == .idle)
            // The partner's `failed` is on another file system than its inbox.
            let isCopied = point == .retryCopyMade || point == .retryCopyPlaced
            let drop = isCopied ? "bad-partner-set.json" : "bad-set.json"
            // Where the drop is in its inbox, another retry has nothing left to do but to clear up.
            let isBack = [.retryCopyPlaced, .retryMoved, .retryEnded].contains(point)
            let retry = point == .retryNoted ? ["retry", "--as-new", drop] : ["retry", drop]
            for _ in 1...(isBack ? 1 : times) {
                #expect(try await stage.command(retry, killedAt: point) == 128 + SIGKILL, "never reached")
                try stage.expectOnePlaceEach(copies: point.isBetweenACopyAndItsOriginal ? 1 : 0)
            }
            _ = try await stage.command(retry, killedAt: nil)
            try stage.expectOnePlaceEach()
            if isCopied { try stage.mark("partner/inbox/\(drop)") }
            #expect(try await stage.serve(until: nil) == .idle)
            try await stage.expectTheEnd()
            stage.expectBooks()
        }

        private static func killBackup(at point: KillPoint, times: Int, _ stage: CrashStage) async throws {
            try stage.drop(DropSet(name: "set"))
            #expect(try await stage.serve(until: nil) == .idle)
            for _ in 1...times {
                #expect(try await stage.command(["backup", "copy.sqlite"], killedAt: point) == 128 + SIGKILL)
                // What has the name is whole.
                #expect(stage.isThere("copy.sqlite") == (point == .backupPlaced))
                stage.remove("copy.sqlite")
            }
            #expect(try await stage.command(["backup", "copy.sqlite"], killedAt: nil) == 0)
            try stage.restore("copy.sqlite")
            #expect(try await stage.serve(until: nil) == .idle)
            try await stage.expectTheEnd()
            stage.expectBooks()
        }

        /// What is to go is whole, half gone or gone, and never anything else.
        private static func killRemoval(at point: KillPoint, times: Int, _ stage: CrashStage) async throws {
            try stage.drop(DropSet(name: "set"))
            #expect(try await stage.serve(until: nil) == .idle)
            try await stage.expectTheEnd()
            try stage.configure(retention: "1s")
            for _ in 1...times {
                #expect(try await stage.serve(until: point, or: { false }) == .killed, "\(point) was never reached")
                try stage.expectNothingButWhatWasDropped()
                let audit = try await stage.audit()
                #expect(audit.status == 0, "\(audit.output)\(audit.errors)")
            }
            #expect(try await stage.serve(until: nil, or: { stage.hasNothingFiled() }) == .idle)
            let audit = try await stage.audit()
            #expect(audit.status == 0, "\(audit.output)\(audit.errors)")
            stage.expectBooks()
            // What was accepted is known for good.
            try stage.configure(retention: "never")
            let (before, again) = (stage.sandbox.accepted.count, DropSet.account("erp/inbox/again.json", ["BELL"]))
            try stage.put(again)
            #expect(
                try await stage.serve(until: nil, or: { stage.isThere("erp/done/again.json.result.json") }) == .idle)
            #expect(stage.sandbox.accepted.count == before + 1)
        }

        private static func killWhileARenamedInboxIsTakenUp(times: Int, _ stage: CrashStage) async throws {
            for number in 1...3 { try stage.put(DropSet.account("erp/inbox/\(number).json", ["R-\(number)"])) }
            #expect(try await stage.serve(until: .requestIntended) == .killed)
            stage.erpName = "sales"
            try stage.writeConfiguration()
            #expect(try await stage.serve(until: .orphanAdopted) == .killed, "never reached")
            try stage.expectOnePlaceEach()
            // Where one drop alone had been judged it is not reached again.
            if times == 2 { _ = try await stage.serve(until: .orphanAdopted) }
            #expect(try await stage.serve(until: nil) == .idle)
            try await stage.expectTheEnd()
            stage.expectBooks()
            #expect(stage.sandbox.books.accounts.values.map(\.times) == [1, 1, 1])
        }

        private static func killWhereTheNameIsTaken(at point: KillPoint, times: Int, _ stage: CrashStage) async throws {
            try stage.put(DropSet.account("erp/inbox/a.json", ["N-1"]))
            #expect(try await stage.serve(until: .outcomeCommitted) == .killed)
            // Nobody but the service should write there, and yet somebody does.
            let stranger = try stage.folder.subfolder("erp/done").appendingPathComponent("a.json")
            try Data("a stranger's".utf8).write(to: stranger)
            // Where the other name is in the ledger it is not looked for again.
            for _ in 1...(point == .otherNameCommitted ? 1 : times) {
                #expect(try await stage.serve(until: point) == .killed, "\(point) was never reached")
            }
            let last = try await stage.serve(until: nil) { stage.isThere("erp/done/a.2.json") }
            #expect(last == .idle)
            #expect(try Data(contentsOf: stranger) == Data("a stranger's".utf8))
            try FileManager.default.removeItem(at: stranger)
            try await stage.expectTheEnd()
            stage.expectBooks()
            #expect(stage.sandbox.books.accounts.values.map(\.times) == [1])
        }

        /// No point in the program lies there: the request is with the API, and its answer is not here.
        @Test(arguments: [ScriptedAnswer.hang, .hangAfterApply]) func aRequestThatHasLeftIsRepeatedToTheLetter(
            answer: ScriptedAnswer
        ) async throws {
            try await Sandbox.withServer(SandboxOptions(requestsPerMinute: nil)) { sandbox, address in
                let stage = try CrashStage(sandbox, address)
                let payments = try #require(DropSet(name: "set").drops.first { $0.place.contains("payments") })
                // The second of three parts.
                sandbox.script([.ok, answer], for: .kind(.payment))
                try stage.put(payments)
                let service = try Program.Running(["run"], in: stage.folder.url, environment: CrashStage.environment)
                let taken = answer == .hang ? 1 : 2
                try await eventually("the answer is owed") {
                    sandbox.scriptedAnswersLeft == 0 && sandbox.accepted.count == taken
                }
                service.signal(SIGKILL)
                #expect(try await service.status == 128 + SIGKILL)
                try stage.expectOnePlaceEach()
                #expect(try await stage.serve(until: nil) == .idle)
                try await stage.expectTheEnd()
                stage.expectBooks()
                #expect(sandbox.accepted.map(\.repeats) == [0, answer == .hang ? 0 : 1, 0])
                #expect(sandbox.books.payments.map(\.count) == [1, 1, 1, 1, 1])
            }
        }

        @Test(arguments: [KillPoint.claimBegins, .claimed, .companionsRemoved])
        func aMarkerGoesWithItsDrop(killedAt point: KillPoint) async throws {
            try await Sandbox.withServer(SandboxOptions(requestsPerMinute: nil)) { sandbox, address in
                let stage = try CrashStage(sandbox, address)
                try stage.put(DropSet.account("partner/inbox/marked.json", ["M-1"]))
                #expect(try await stage.serve(until: point) == .killed)
                try stage.expectOnePlaceEach()
                #expect(stage.isThere("partner/inbox/marked.json.ready") == (point != .companionsRemoved))
                #expect(try await stage.serve(until: nil) == .idle)
                try await stage.expectTheEnd()
                stage.expectBooks()
                #expect(sandbox.books.accounts["M-1"]?.times == 1)
            }
        }

        @Test(arguments: ["all", "claim", "claimed:0", "claimed:x", ""]) func aPointThatDoesNotExistIsAnErrorAtTheStart(
            name: String
        ) async throws {
            try await Sandbox.withServer(SandboxOptions(requestsPerMinute: nil)) { sandbox, address in
                let stage = try CrashStage(sandbox, address)
                let environment = CrashStage.environment.merging(["SLUICE_KILL_AT": name]) { $1 }
                let ended = try await Program.run(["run"], in: stage.folder.url, environment: environment)
                #expect(ended.status == 78)
                #expect(ended.errors.contains("\"\(name)\" is no kill point; there are claimBegins, claimed"))
            }
        }

        @Test func aPointMayBeReachedSomeTimesBefore() async throws {
            try await Sandbox.withServer(SandboxOptions(requestsPerMinute: nil)) { sandbox, address in
                let stage = try CrashStage(sandbox, address)
                for number in 1...3 { try stage.put(DropSet.account("erp/inbox/\(number).json", ["T-\(number)"])) }
                let environment = CrashStage.environment.merging(["SLUICE_KILL_AT": "claimed:3"]) { $1 }
                let ended = try await Program.run(["run"], in: stage.folder.url, environment: environment)
                #expect(ended.status == 128 + SIGKILL)
                #expect(stage.files().filter { $0.folder == "inbox" }.isEmpty)
            }
        }
    }

    extension KillPoint {
        /// A move to another file system is a copy, and then the end of the original.
        fileprivate var isBetweenACopyAndItsOriginal: Bool {
            [.crossingCopied, .copyPlaced, .returnCopyPlaced, .retryCopyPlaced].contains(self)
        }

        /// Some commits are those of the start alone.
        fileprivate var isAboutAnyCommit: Bool { self == .transactionOpen || self == .transactionCommitted }

        fileprivate var isAboutUnfinishedDrops: Bool { [.goingBack, .wentBack, .ownCopyRemoved].contains(self) }

        fileprivate var isAboutTheToken: Bool {
            [.tokenIntended, .tokenFetched, .tokenWritten, .tokenKept].contains(self)
        }
    }
#endif
