import Foundation
import TestSupport
import Testing

/// `docs/tutorial.md`, done as it says, by the built program.
@Suite struct TutorialTests {
    private static let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("docs/tutorial.md")

    @Test func everyStepShowsWhatItSays() async throws {
        let text = try String(contentsOf: Self.file, encoding: .utf8)
        // Others may use the port that it names.
        let port = String(try freePort())
        let steps = Walkthrough.steps(of: text.replacing("8089", with: port))
        #expect(steps.count { $0.shown != nil } >= 12)
        let folder = try TemporaryFolder()
        let path = "\(Program.executable.deletingLastPathComponent().path):/usr/bin:/bin"
        try await Shell.run(in: folder, environment: ["PATH": path, "HOME": folder.url.path]) { shell in
            for step in steps {
                var ended = try await shell.run(step.script)
                if step.isPatient {
                    let deadline = ContinuousClock.now + .seconds(60)
                    while !step.shows(ended.output), ContinuousClock.now < deadline {
                        try await Task.sleep(for: .milliseconds(50))
                        ended = try await shell.run(step.script)
                    }
                }
                #expect(ended.status == 0, "line \(step.line): \(step.script)\(ended.output)")
                #expect(step.shows(ended.output), "line \(step.line): \(step.script)\(ended.output)")
            }
        }
        #expect(try folder.url.names.filter { !$0.hasPrefix(".") } == [])
    }

    @Test(arguments: [
        ("a\nb", "a\nb\n", true), ("a\nb", "a\nc\n", false), ("a", "a\nb\n", false), ("a\nb", "a\n", false),
        ("a  b", "a    b   \n", true), ("a b", "ab\n", false), ("x-…, y", "x-12 3, y\n", true),
        ("x-…, y", "x-12\n, y\n", false), ("a\n…", "a\nb\nc\n", true), ("…\nc", "a\nb\nc\n", true),
        ("a\n…\nc", "a\nc\n", true), ("a\n…\nc", "a\nb\n", false), ("(.*)", "abc\n", false),
    ])
    func whatIsShownMayLeaveThingsOut(shown: String, output: String, fits: Bool) {
        #expect(Walkthrough.Step(line: 1, script: "", shown: shown, isPatient: false).shows(output) == fits)
    }
}
