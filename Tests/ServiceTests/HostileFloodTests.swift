import Foundation
import Model
import Sandbox
import Service
import Synchronization
import Testing
import TestSupport

#if canImport(Glibc)
    import Glibc
#endif

/// One sender floods his inbox while another works on.
///
/// `SLUICE_FLOOD=50000` is the long form: so many junk files, a minute's worth.
@Suite(.timeLimit(.minutes(20))) struct HostileFloodTests {
    private static let junk = ProcessInfo.processInfo.environment["SLUICE_FLOOD"].flatMap(Int.init) ?? 5000

    /// Writes what it is told to, as fast as it can.
    private final class Flood: Sendable {
        enum Sort: String, CaseIterable { case junk, ignored, withoutFiles }

        private let written = Atomic(0)
        private let isOver = Atomic(false)
        private let folder: String

        init(_ folder: URL) { self.folder = folder.path }

        var count: Int { written.load(ordering: .relaxed) }
        var hasEnded: Bool { isOver.load(ordering: .relaxed) }

        func start(_ sort: Sort, _ count: Int) {
            Thread { [self] in
                for number in 0..<count {
                    let name = sort == .ignored ? "/.junk-\(number)" : "/junk-\(number).json"
                    let file = open(folder + name, O_WRONLY | O_CREAT, 0o644)
                    if file < 0 { continue }
                    _ = "junk".withCString { write(file, $0, 4) }
                    close(file)
                    if sort == .withoutFiles { unlink(folder + name) }
                    written.add(1, ordering: .relaxed)
                }
                isOver.store(true, ordering: .relaxed)
            }.start()
        }
    }

    /// Where a drop stands in the order of all that was filed.
    private static func place(of name: String, _ stage: Stage) -> Int? {
        stage.filed.firstIndex { $0.drop.inbox == "other" && $0.drop.name.description == name }
    }

    @Test(arguments: Flood.Sort.allCases.map(\.rawValue))
    func aFloodCostsAnotherInboxNoMoreThanATurn(name: String) async throws {
        let sort = try #require(Flood.Sort(rawValue: name))
        try await Stage.prepare { stage in
            try await stage.serve(["erp": "", "other": ""]) {
                try stage.drop(Stage.account("FIRST"), as: "first.json", into: "other")
                _ = try await stage.result(of: "first.json", from: "other")
                let flood = Flood(stage.inbox)
                flood.start(sort, Self.junk)
                var overtaken: [Int] = []
                var number = 0
                while number < 10 || !flood.hasEnded {
                    let before = stage.filed.count
                    try stage.drop(Stage.account("GOOD-\(number)"), as: "\(number).json", into: "other")
                    try await eventually("\(number).json is filed") { Self.place(of: "\(number).json", stage) != nil }
                    let place = try #require(Self.place(of: "\(number).json", stage))
                    overtaken.append(place - before)
                    number += 1
                    try await Task.sleep(for: .milliseconds(sort == .junk ? 50 : 5))
                }
                let most = overtaken.max() ?? 0
                print(
                    "flood of \(Self.junk) \(sort.rawValue): \(number) drops of another inbox, "
                        + "at most \(most) of the flood filed before one of them")
                // A drop on its way makes up to eight commits, and as many of another inbox as are worked on at a time
                // may be filed with each.
                #expect(most <= 8 * 64, "\(overtaken)")
                if sort == .junk {
                    try await eventually("the junk is filed", within: .seconds(900)) {
                        stage.filed.count { $0.drop.inbox == "erp" } == flood.count
                    }
                    #expect(stage.filed.filter { $0.drop.inbox == "erp" }.allSatisfy { $0.outcome == .failed })
                }
                #expect(stage.sandbox.accepted.count == number + 1)
            }
        }
    }
}
