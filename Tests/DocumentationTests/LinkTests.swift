import Foundation
import TestSupport
import Testing

/// Where the pages lead to is there.
@Suite struct LinkTests {
    /// The file or folder that a relative link leads to, and the heading; `nil` for a link out of the repository.
    private func destination(of link: Page.Link, from page: Page) -> (file: URL, anchor: String?)? {
        guard !link.target.contains("://"), !link.target.hasPrefix("mailto:") else { return nil }
        let parts = link.target.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let folder = page.file.deletingLastPathComponent()
        let file = parts[0].isEmpty ? page.file : folder.appendingPathComponent(parts[0]).standardizedFileURL
        return (file, parts.count > 1 ? parts[1] : nil)
    }

    @Test func everyLinkLeadsSomewhere() throws {
        let pages = try Pages.all()
        #expect(pages.count > 20)
        #expect(pages.map(\.links.count).reduce(0, +) > 60)
        for page in pages {
            for link in page.links {
                guard let (file, anchor) = destination(of: link, from: page) else { continue }
                let place = "\(page.file.lastPathComponent):\(link.line): \(link.target)"
                #expect(file.path.hasPrefix(Pages.repository.path), "\(place)")
                guard FileManager.default.fileExists(atPath: file.path) else {
                    Issue.record("\(place) is not there")
                    continue
                }
                if let anchor { #expect(try Page(file).anchors.contains(anchor), "\(place) has no such heading") }
            }
        }
    }

    /// From the README, in as many steps as it takes.
    @Test func everyPageIsFound() throws {
        let pages = try Pages.all()
        var found: Set<String> = []
        var open = [Pages.repository.appendingPathComponent("README.md")]
        while let file = open.popLast() {
            guard found.insert(file.path).inserted, file.pathExtension == "md",
                FileManager.default.fileExists(atPath: file.path)
            else { continue }
            let page = try Page(file)
            for link in page.links {
                guard let file = destination(of: link, from: page)?.file else { continue }
                // A folder's page is its README.
                open += [file, file.appendingPathComponent("README.md")]
            }
        }
        for page in pages where page.file.lastPathComponent != "CHANGELOG.md" {
            #expect(found.contains(page.file.path), "nothing leads to \(page.file.path)")
        }
    }

    @Test(arguments: [
        ("## `retry`, `breaker`, `batching`", "retry-breaker-batching"), ("# What 2xx means", "what-2xx-means"),
        ("### Several-fold_names (all)", "several-fold_names-all"),
    ])
    func headingsHaveGitHubsNames(heading: String, anchor: String) throws {
        let folder = try TemporaryFolder()
        try folder.url.write("\(heading)\n\(heading)\n```\n# none\n```\n", as: "a.md")
        let page = try Page(folder.url.appendingPathComponent("a.md"))
        #expect(page.anchors == [anchor, anchor + "-1"])
    }
}
