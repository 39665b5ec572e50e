import Ledger
import Model
import Service

/// The failed folders, as a person wants to read them.
struct FailedPage: Sendable {
    static let size = 20
    /// How many places of each drop; its own page has the rest.
    static let places = 3
    /// Longer files are not read for a list.
    static let longest: Int64 = 4_000_000

    var frame: Frame
    var items: [ProblemItem]
    var isEmpty: Bool
    var inboxChoices: [Choice]
    var codeChoices: [Choice]
    var isFiltered: Bool
    var olderLink: String?
    var newestLink: String?
}

/// One failed drop with its reason.
struct ProblemItem: Sendable {
    struct Place: Sendable {
        var spot: String?
        var pointer: String?
        var record: String?
        var words: String
        var lines: [ExcerptLine]
        var hasLines: Bool
    }

    struct ExcerptLine: Sendable {
        var number: Int
        var before: String
        /// The character in the marked column.
        var marked: String?
        var after: String
        var isMarked: Bool
    }

    var element: String
    var link: String
    var label: String
    var inboxLabel: String
    var kindLabel: String?
    var ended: When?
    var bytesLabel: String
    var code: String
    var reason: String
    var advice: String
    var isRetryable: Bool
    var places: [Place]
    var hasPlaces: Bool
    /// How many more there are.
    var more: String?
    /// It lies in its folder, so that it can be tried again.
    var isThere: Bool
    var retryPath: String
    /// Leads to a pause of its inbox, or to its end.
    var pausePath: String
    var pauseLabel: String
    var fileLink: String?
    var resultLink: String

    /// - Parameter pauses: what is paused, as ``ServiceMonitor/State/pauses``.
    init?(
        _ entry: DropEntry, lines: SourceLines?, places count: Int, isThere: Bool, canDownload: Bool,
        pauses: Set<String> = []
    ) {
        guard let problem = entry.problem else { return nil }
        let id = entry.drop.id.text.percentEncoded
        element = "drop-\(id)"
        link = "/drops/\(id)"
        label = (entry.filedName ?? entry.drop.name).description
        inboxLabel = FileName.escaped(entry.drop.inbox.utf8)
        kindLabel = entry.kind?.rawValue
        ended = When(entry.finishedAt)
        bytesLabel = "\(entry.drop.bytes) bytes"
        code = problem.code.rawValue
        reason = problem.message
        advice = problem.code.action
        isRetryable = problem.code.isRetryable
        places = problem.findings.prefix(count).map { Place($0, lines) }
        hasPlaces = !places.isEmpty
        let rest = problem.findingCount - places.count
        more = rest > 0 ? "and \(rest) more" : nil
        self.isThere = isThere
        retryPath = "/drops/\(id)/retry"
        let isPaused = pauses.contains(entry.drop.inbox)
        pausePath = (isPaused ? "/resume" : "/pause") + FormFields.query(["inbox": entry.drop.inbox])
        pauseLabel = "\(isPaused ? "Resume" : "Pause") \(inboxLabel)"
        fileLink = isThere && canDownload ? "/drops/\(id)/file" : nil
        resultLink = "/drops/\(id)/result"
    }
}

extension ProblemItem.Place {
    fileprivate init(_ finding: Finding, _ known: SourceLines?) {
        spot = finding.place.map { "line \($0.line), column \($0.column)" }
        pointer = finding.pointer.flatMap { $0.isEmpty ? nil : $0 }
        record = finding.record
        words = finding.message
        lines = finding.place.flatMap { known?[$0] }?.map(ProblemItem.ExcerptLine.init) ?? []
        hasLines = !lines.isEmpty
    }
}

extension ProblemItem.ExcerptLine {
    fileprivate init(_ line: SourceExcerpt.Line) {
        number = line.number
        let scalars = Array(line.text.unicodeScalars)
        func text(_ range: Range<Int>) -> String {
            var text = String.UnicodeScalarView()
            text.append(contentsOf: scalars[range])
            return String(text)
        }
        isMarked = line.mark != nil
        guard let mark = line.mark, mark < scalars.count else {
            (before, marked, after) = (line.text, line.mark == nil ? nil : " ", "")
            return
        }
        before = text(0..<mark)
        marked = text(mark..<mark + 1)
        after = text(mark + 1..<scalars.count)
    }
}

/// Reads the offending lines of failed files, one file at a time so that memory does not grow with those who look, and
/// keeps the lines of the newest.
actor ExcerptDesk {
    private struct Key: Hashable {
        let drop: DropID
        let finishedAt: Timestamp?
        let places: Int
        let fields: SensitiveFields
    }

    static let most = 100

    private var kept: [Key: SourceLines] = [:]
    private var order: [Key] = []

    func lines(
        around places: Int, of entry: DropEntry, limit: Int64, hiding fields: SensitiveFields,
        _ administration: Administration
    ) -> SourceLines? {
        let key = Key(drop: entry.drop.id, finishedAt: entry.finishedAt, places: places, fields: fields)
        if let known = kept[key] { return known }
        // A file that cannot be read has no lines; the page has the rest.
        guard let lines = try? administration.lines(around: places, of: entry, hiding: fields, limit: limit) else {
            return nil
        }
        kept[key] = lines
        order.append(key)
        if order.count > ExcerptDesk.most { kept[order.removeFirst()] = nil }
        return lines
    }
}

/// By the places that they were asked for.
typealias SourceLines = [SourceExcerpt.Place: [SourceExcerpt.Line]]
