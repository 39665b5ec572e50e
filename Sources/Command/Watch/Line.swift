/// A line of text in colours, which can be cut to the width of a terminal.
struct Line: Sendable, Hashable {
    struct Span: Sendable, Hashable {
        var text: String
        var color: Output.Color?
    }

    var spans: [Span] = []

    init(_ text: String = "", _ color: Output.Color? = nil) {
        if !text.isEmpty { spans = [Span(text: text, color: color)] }
    }

    static func + (line: Line, more: Line) -> Line {
        var line = line
        line.spans += more.spans
        return line
    }

    /// Without its colours.
    var plain: String { spans.map(\.text).joined() }

    /// - Parameters:
    ///   - width: how many characters there is room for; `nil`: as many as there are.
    ///   - isColored: whether colours are shown.
    func text(width: Int? = nil, isColored: Bool) -> String {
        var room = width ?? .max
        var text = ""
        for (index, span) in spans.enumerated() where room > 0 {
            let isCut = span.text.count > room || (span.text.count == room && index < spans.count - 1)
            let shown = isCut ? String(span.text.prefix(room - 1)) + "…" : span.text
            room -= shown.count
            text += span.color.map { Output.colored(shown, $0, isColored: isColored) } ?? shown
            if isCut { break }
        }
        return text
    }
}
