import SystemPackage

/// What the names of inboxes must be: each one's own, and told apart by the stars of a glob.
struct InboxNames {
    private let entries: [InboxEntry]

    init(_ entries: [InboxEntry]) {
        self.entries = entries
    }

    func check() {
        var firsts: [String: InboxEntry] = [:]
        for entry in entries {
            if let first = firsts[entry.inbox.name] {
                entry.field("name").problem(
                    "\"\(entry.inbox.name)\" is already the name of \(first.section.field.path) "
                        + "in line \(first.field("name").place.line)")
            } else {
                firsts[entry.inbox.name] = entry
            }
            checkStars(entry)
        }
    }

    private func checkStars(_ entry: InboxEntry) {
        let inbox = entry.inbox
        let stars = PathPattern(inbox.path).stars
        if inbox.path.string.contains("**") {
            entry.field("path").problem("** is not possible; a * stands for a part of one folder's name")
            return
        }
        let templates = [
            ("name", inbox.name), ("scope", inbox.scope), ("done", inbox.done?.string),
            ("failed", inbox.failed?.string), ("work", inbox.work?.string),
        ]
        for (key, template) in templates {
            guard let field = entry.section[key], let template else { continue }
            let used = StarTexts.numbers(in: template)
            if let wrong = used.filter({ $0 < 1 || $0 > stars }).min() {
                field.problem(
                    stars == 0
                        ? "{\(wrong)} stands for a * of the path, and \(inbox.path) has none"
                        : "{\(wrong)} is not possible; the path has \(stars) *, counted from 1")
            } else if key != "scope", let unused = (0..<stars).map({ $0 + 1 }).first(where: { !used.contains($0) }) {
                field.problem(
                    "needs {\(unused)}, the text that * number \(unused) of the path stands for: "
                        + "without it several folders would share this \(key == "name" ? "name" : "folder")")
            }
            if key != "name", key != "scope", template.contains("*") {
                field.problem("a * is possible in path only; write {1} for what it stands for")
            }
        }
    }
}
