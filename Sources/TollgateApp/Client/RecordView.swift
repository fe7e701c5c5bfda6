import Control

/// How one kind of record is shown: its columns in lists, and what of it is a secret that is shown once.
struct RecordView {
    struct Column {
        let heading: String
        /// Names of members, from the outside in, with points between.
        let path: String
        let alignment: TextTable.Alignment
    }

    var columns: [Column] = []
    /// The member that goes to standard output alone, so that a script can keep it.
    var secret: String?
    /// Said where there is no record to show.
    var done = "Done."

    /// Columns as `HEADING path`, or `>HEADING path` for numbers.
    init(_ columns: String..., secret: String? = nil, done: String = "Done.") {
        self.secret = secret
        self.done = done
        self.columns = columns.map { column in
            let parts = column.split(separator: " ")
            let isNumber = column.hasPrefix(">")
            let heading = parts.dropLast().joined(separator: " ")
            return Column(
                heading: isNumber ? String(heading.dropFirst()) : heading, path: String(parts.last ?? ""),
                alignment: isNumber ? .right : .left)
        }
    }

    /// Records under one another.
    func table(_ records: [JSON]) -> String {
        var table = TextTable(self.columns.map { ($0.heading, $0.alignment) })
        for record in records { table.add(self.columns.map { Self.cell(Self.value(record, $0.path)) }) }
        return table.text
    }

    /// One record: its members under one another.
    func sheet(_ record: JSON) -> String {
        var table = TextTable([("FIELD", .left), ("VALUE", .left)])
        Self.add(record, below: "", to: &table)
        return table.text
    }

    private static func add(_ record: JSON, below path: String, to table: inout TextTable) {
        for member in record.members ?? [] {
            if let inner = member.value.members, !inner.isEmpty {
                Self.add(member.value, below: path + member.name + ".", to: &table)
            } else {
                table.add([path + member.name, Self.cell(member.value)])
            }
        }
    }

    private static func value(_ record: JSON, _ path: String) -> JSON {
        path.split(separator: ".").reduce(record) { $0[String($1)] ?? .null }
    }

    /// A value in one cell.
    static func cell(_ value: JSON) -> String {
        switch value {
        case .null: "-"
        case .string(let text): Self.shortened(text)
        case .array(let elements):
            elements.isEmpty ? "-" : elements.map(Self.cell).joined(separator: ",")
        default: value.encoded
        }
    }

    /// Times of people have no milliseconds.
    private static func shortened(_ text: String) -> String {
        guard text.count == 24, text.hasSuffix("Z"), let point = text.lastIndex(of: "."),
            text.distance(from: text.startIndex, to: point) == 19, text.dropFirst(10).first == "T"
        else { return text.isEmpty ? "-" : text }
        return text[..<point] + "Z"
    }
}
