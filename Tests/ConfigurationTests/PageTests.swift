import Foundation
import Testing

@testable import SluiceConfiguration

/// The configurations that the pages show are ones.
struct PageTests {
    private static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    @Test(arguments: [("README.md", 1), ("docs/configuration.md", 1), ("docs/tutorial.md", 1)])
    func aWholeConfigurationIsRead(page: String, count: Int) throws {
        let text = try String(contentsOf: Self.repository.appendingPathComponent(page), encoding: .utf8)
        let blocks = text.matches(of: /\n(?:```yaml|cat > sluice\.yaml <<'END')\n((?s:.*?)\n)(?:```|END)\n/)
            .map { String($0.1) }.filter { $0.contains("\ninboxes:\n") }
        #expect(blocks.count == count)
        for block in blocks { #expect(complaints(block) == [], "\(page)") }
    }
}
