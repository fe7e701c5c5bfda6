/// Lays values out as YAML.
enum YAMLWriter {
    /// On one line, as in a flow sequence.
    static func inline(_ value: Written) -> String {
        switch value {
        case .scalar(let text): text
        case .list(let elements): "[" + elements.map(inline).joined(separator: ", ") + "]"
        case .record(let fields):
            "{" + fields.map { "\($0.name): \(inline($0.value))" }.joined(separator: ", ") + "}"
        }
    }

    /// As a document without comments; fields that are null are left out.
    static func print(_ value: Written) -> String { lines(value, isCommented: false).map { $0 + "\n" }.joined() }

    /// The lines of a record's fields, each below its comment where they are wanted.
    static func lines(_ value: Written, isCommented: Bool) -> [String] {
        guard case .record(let fields) = value else { return [inline(value)] }
        return fields.flatMap { field -> [String] in
            guard isCommented || !field.value.isNull else { return [] }
            return (isCommented ? comment(field) : []) + lines(of: field, isCommented: isCommented)
        }
    }

    private static func lines(of field: WrittenField, isCommented: Bool) -> [String] {
        var result: [String]
        switch field.value {
        case .scalar(let text): result = ["\(field.name): \(text)"]
        case .record: result = ["\(field.name):"] + indented(lines(field.value, isCommented: isCommented))
        case .list(let elements):
            if elements.contains(where: isRecord) {
                result = ["\(field.name):"] + elements.flatMap { indented(entry($0, isCommented: isCommented)) }
            } else {
                result = ["\(field.name): \(inline(field.value))"]
            }
        }
        if let example = field.example { result += DefaultsFile.commented(example, isEntry: !field.value.isNull) }
        return result
    }

    /// An entry of a list: the first field stands behind the dash, comments above it stand with it.
    static func entry(_ value: Written, isCommented: Bool) -> [String] {
        var lines = indented(lines(value, isCommented: isCommented))
        if let first = lines.firstIndex(where: { !$0.hasPrefix("  #") }) {
            lines[first] = "- " + lines[first].dropFirst(2)
        }
        return lines
    }

    private static func isRecord(_ value: Written) -> Bool {
        if case .record = value { return true }
        return false
    }

    private static func indented(_ lines: [String]) -> [String] { lines.map { $0.isEmpty ? $0 : "  " + $0 } }

    private static func comment(_ field: WrittenField) -> [String] {
        var notes: [String] = []
        if field.description.record == nil { notes.append(field.description.type) }
        if field.description.defaultText == nil { notes.append("must be given") }
        let note = notes.isEmpty ? "" : " (\(notes.joined(separator: "; ").replacing("`", with: "")))"
        return wrapped(field.description.summary + note, width: 100).map { "# " + $0 }
    }

    private static func wrapped(_ text: String, width: Int) -> [String] {
        var lines: [String] = [""]
        for word in text.split(separator: " ") {
            let line = lines[lines.count - 1]
            if line.isEmpty {
                lines[lines.count - 1] = String(word)
            } else if line.count + 1 + word.count > width {
                lines.append(String(word))
            } else {
                lines[lines.count - 1] = "\(line) \(word)"
            }
        }
        return lines
    }
}
