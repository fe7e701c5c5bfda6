import Domain

/// The reference of all fields as Markdown, a table for each kind of record.
enum ConfigReference {
    private static let head = """
        # Configuration

        One YAML file, checked as a whole before anything of it is used: `tollgate check FILE` reports every mistake \
        at once, with line, column and what to do. Fields that are left out have their default; fields that do not \
        exist are refused. This page is generated from the schema in `Sources/Settings/Schema`; \
        `config/tollgate.yaml` shows the same as a file.

        - **duration**: a whole number and a unit: `250ms`, `10s`, `5m`, `1h`, `1d`.
        - **size**: a whole number of bytes, or with a unit: `512B`, `64KiB`, `1MiB`, `1GiB`, `10MB` (10 000 000).
        - **rate**: tokens and a period: `100 per 60s`, `10/s`, `100/min`, `1000/day`.
        - **network**: CIDR notation: `10.0.0.0/8`, `2001:db8::/32`.
        - `${NAME}` puts a variable of the environment into a value, `${NAME:-default}` one that may be missing or \
        empty, `$$` is a dollar sign. Values of the environment are never shown in errors.

        """

    static func render() -> String {
        var pending = [Schema.configuration().description]
        var seen: Set<String> = [pending[0].title]
        var document = head
        while !pending.isEmpty {
            let record = pending.removeFirst()
            document += "\n## \(record.title)\n\n\(record.summary)\n\n"
            document += "| field | type | default | meaning |\n|---|---|---|---|\n"
            for field in record.fields {
                document += row(field)
                guard let nested = field.record, seen.insert(nested.title).inserted else { continue }
                pending.append(nested)
            }
        }
        return document
    }

    private static func row(_ field: FieldDescription) -> String {
        let isList = field.type.hasPrefix("list of ")
        var type = field.type
        if let record = field.record {
            let link = "[\(record.title)](#\(record.title.replacing(" ", with: "-")))"
            type = isList ? "list of \(link)" : link
            if field.type == "integer or cost header" { type = "integer or \(link)" }
        }
        var shown = field.defaultText.map { "`\($0)`" } ?? "must be given"
        if field.record != nil, field.defaultText?.hasPrefix("{") == true { shown = "" }
        return "| `\(field.name)` | \(type) | \(shown) | \(field.summary) |\n"
    }
}
