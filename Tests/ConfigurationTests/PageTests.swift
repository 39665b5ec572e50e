import Foundation
import Testing

@testable import SluiceConfiguration

/// The configurations that the pages show are ones.
struct PageTests {
    private static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    @Test(arguments: ["README.md", "docs/configuration.md", "docs/tutorial.md"])
    func aWholeConfigurationIsRead(page: String) throws {
        let text = try String(contentsOf: Self.repository.appendingPathComponent(page), encoding: .utf8)
        let blocks = text.matches(of: /\n(?:```yaml|cat > sluice\.yaml <<'END')\n((?s:.*?)\n)(?:```|END)\n/)
            .map { String($0.1) }.filter { $0.contains("\ninboxes:\n") }
        #expect(blocks.count == 1)
        for block in blocks { #expect(complaints(block) == [], "\(page)") }
    }
}
