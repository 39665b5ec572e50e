import Foundation
import Model
import Testing

/// Kill points are for tests alone: nothing of them is in a release build.
@Suite struct KillPointTests {
    private static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    private static func text(_ path: String) throws -> String {
        try String(contentsOf: repository.appendingPathComponent(path), encoding: .utf8)
    }

    @Test func onlyDebugBuildsAreToldToHaveThem() throws {
        let lines = try Self.text("Package.swift").split(separator: "\n").filter { $0.contains("KILL_POINTS") }
        #expect(
            lines == [
                #"let killPoints: [SwiftSetting] = isStandalone ? [] : [.define("KILL_POINTS", .when(configuration: .debug))]"#
            ])
    }

    @Test func withoutThatTheNameOfTheVariableIsInNoBuild() throws {
        let sources = Self.repository.appendingPathComponent("Sources")
        let paths = FileManager.default.enumerator(atPath: sources.path)?.allObjects as? [String] ?? []
        let swift = paths.filter { $0.hasSuffix(".swift") }
        #expect(swift.count > 100)
        for path in swift where path != "Model/KillPoint.swift" {
            let text = try Self.text("Sources/\(path)")
            #expect(!text.contains("SLUICE_KILL_AT") && !text.contains("KILL_POINTS"), "\(path)")
        }
        let parts = try Self.text("Sources/Model/KillPoint.swift").components(separatedBy: "\n#else\n")
        try #require(parts.count == 2)
        #expect(parts[0].hasPrefix("#if KILL_POINTS\n") && parts[0].contains("SLUICE_KILL_AT"))
        #expect(!parts[1].contains("SLUICE_KILL_AT") && !parts[1].contains("kill("))
    }

    #if KILL_POINTS
        @Test func aNameThatIsNoneIsAProblem() {
            func problem(_ text: String) -> String? { KillPoint.problem(in: ["SLUICE_KILL_AT": text]) }
            #expect(KillPoint.problem(in: [:]) == nil)
            for good in ["claimed", "claimed:1", "retryEnded:20"] { #expect(problem(good) == nil) }
            for bad in ["", ":", "claimed:", "claimed:0", "claimed:-1", "claimed:1:1", "Claimed", "claim"] {
                #expect(problem(bad)?.contains("\"\(bad)\" is no kill point; there are claimBegins, ") == true)
            }
        }
    #endif
}
