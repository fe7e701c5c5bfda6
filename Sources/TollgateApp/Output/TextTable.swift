/// Records in columns, for people.
struct TextTable {
    enum Alignment { case left, right }

    private let headings: [String]
    private let alignments: [Alignment]
    private var rows: [[String]] = []

    init(_ columns: (String, Alignment)...) { self.init(columns) }

    init(_ columns: [(String, Alignment)]) {
        self.headings = columns.map(\.0)
        self.alignments = columns.map(\.1)
    }

    mutating func add(_ cells: String...) { self.rows.append(cells) }

    mutating func add(_ cells: [String]) { self.rows.append(cells) }

    /// The lines, each ending in a line feed. Control characters in cells are shown as `?`.
    var text: String {
        let all = ([self.headings] + self.rows).map { row in row.map(Self.printable) }
        let widths = self.headings.indices.map { column in
            all.map { $0.count > column ? $0[column].count : 0 }.max() ?? 0
        }
        return all.map { row in
            let cells = row.enumerated().map { column, cell -> String in
                let padding = String(repeating: " ", count: max(0, widths[column] - cell.count))
                if self.alignments[column] == .right { return padding + cell }
                return column == row.count - 1 ? cell : cell + padding
            }
            return cells.joined(separator: "  ") + "\n"
        }.joined()
    }

    private static func printable(_ cell: String) -> String {
        String(
            cell.map { character in
                character.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7f } ? "?" : character
            })
    }
}
