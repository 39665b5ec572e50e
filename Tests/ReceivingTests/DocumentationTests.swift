import Foundation
import TestSupport
import Testing

/// What `docs/receiving-files.md` tells an admin is what is tested.
@Suite struct DocumentationTests {
    @Test func everyFileIsNamedAndUsed() throws {
        let docs = ReceivingStage.repository.appendingPathComponent("docs")
        let text = try docs.text(of: "receiving-files.md")
        let files = try docs.appendingPathComponent("receiving").names
        #expect(files == ["drop", "inboxes.yaml", "make-folders", "smb.conf", "sshd.conf"])
        for file in files { #expect(text.contains("](receiving/\(file))"), "\(file)") }
    }

    @Test(arguments: ["drop", "make-folders"])
    func scriptsAreShellAndCanBeRun(script: String) async throws {
        let folder = try TemporaryFolder()
        let path = ReceivingStage.repository.appendingPathComponent("docs/receiving/\(script)").path
        #expect(FileManager.default.isExecutableFile(atPath: path))
        let ended = try await Tool.run(["/bin/sh", "-n", path], in: folder)
        #expect(ended.status == 0, "\(ended.output)")
    }
}
