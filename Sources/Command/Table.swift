/// Rows in columns that fit the terminal: those that are flexible give way. Elsewhere nothing is cut.
struct Table {
    struct Cell {
        let text: String
        let color: Output.Color?

        init(_ text: String, _ color: Output.Color? = nil) {
            (self.text, self.color) = (Output.safe(text), color)
        }
    }

    private let header: [String]
    private let flexible: [Int]
    private var rows: [[Cell]] = []
    /// Columns of rows that were taken: those behind them are no narrower. `nil`: none was.
    private var taken: [Int]?

    private static let narrowest = 12

    init(flexible: [Int], _ header: String...) {
        (self.flexible, self.header) = (flexible, header)
    }

    mutating func add(_ cells: Cell...) {
        rows.append(cells)
    }

    /// Whether it never had a row.
    var isUntouched: Bool { rows.isEmpty && taken == nil }

    /// The lines of the rows so far, which are forgotten; the header stands above the first ones.
    mutating func takeLines(width: Int? = Table.terminalWidth) -> [String] {
        let lines = lines(width: width)
        defer { (taken, rows) = (columns, []) }
        return taken == nil ? lines : Array(lines.dropFirst())
    }

    /// The lines, for a terminal of so many columns; `nil`: as wide as they are.
    func lines(width: Int? = Table.terminalWidth) -> [String] {
        rows(width: width).map { $0.text(isColored: Output.hasColor) }
    }

    /// The lines, before it is known what shows them.
    func rows(width: Int?) -> [Line] {
        var widths = columns
        if let width {
            var surplus = widths.reduce(0, +) + 2 * (widths.count - 1) - width
            for index in flexible where surplus > 0 {
                let cut = min(surplus, max(0, widths[index] - Table.narrowest))
                widths[index] -= cut
                surplus -= cut
            }
        }
        let head = Table.line(header.map { Cell($0, .dim) }, widths)
        return [head] + rows.map { Table.line($0, widths) }
    }

    /// How wide the columns are, where nothing is cut.
    private var columns: [Int] {
        var widths = taken ?? header.map(\.count)
        for row in rows {
            for (index, cell) in row.enumerated() { widths[index] = max(widths[index], cell.text.count) }
        }
        return widths
    }

    private static func line(_ cells: [Cell], _ widths: [Int]) -> Line {
        var line = Line()
        for (index, cell) in cells.enumerated() {
            let isLast = index == cells.count - 1
            let text = cell.text.count > widths[index] ? String(cell.text.prefix(widths[index] - 1)) + "…" : cell.text
            let padding = isLast ? "" : String(repeating: " ", count: widths[index] - text.count + 2)
            line = line + Line(text, cell.color) + Line(padding)
        }
        return line
    }

    static var terminalWidth: Int? { Output.isTerminal ? Output.terminalSize.width : nil }
}
