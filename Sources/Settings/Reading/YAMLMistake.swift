import Yams

/// What the YAML parser objects to, in the words of the other errors. It is reported alone: what follows it in the file
/// cannot be understood.
enum YAMLMistake {
    static func describe(_ error: any Error, text: String, file: String) -> SettingsError {
        var mistake = SettingsError(
            file: file, line: 0, column: 0, path: "", problem: "not valid YAML", found: nil, expected: nil, mend: nil)
        switch error as? YamlError {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            (mistake.line, mistake.column) = (mark.line, mark.column)
            mistake.problem = "not valid YAML: \(problem.hasPrefix("but ") ? String(problem.dropFirst(4)) : problem)"
            mistake.mend = hint(problem, line: line(mark.line, of: text))
        case .reader(let problem, let offset, _, _):
            let before = text.prefix(offset ?? 0)
            mistake.line = 1 + before.count { $0 == "\n" }
            mistake.column = 1 + before.reversed().prefix { $0 != "\n" }.count
            mistake.problem = "not valid YAML: \(problem)"
            mistake.mend = "remove control characters from the file"
        case .duplicatedKeysInMapping(let keys, let context):
            let place = secondPlace(of: keys.sorted().first ?? "", after: context.mark, in: text)
            (mistake.line, mistake.column) = (place.line, place.column)
            mistake.problem = "field given twice: " + keys.sorted().map { "'\($0)'" }.joined(separator: ", ")
            mistake.expected = "each field once in the mapping that starts in line \(context.mark.line)"
            mistake.mend = "remove one of them"
        default: break
        }
        return mistake
    }

    private static func line(_ number: Int, of text: String) -> Substring {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        return number >= 1 && number <= lines.count ? lines[number - 1] : ""
    }

    private static func hint(_ problem: String, line: Substring) -> String {
        if line.prefix(while: \.isWhitespace).contains("\t") { return "indent with spaces, not with tabs" }
        if problem.contains("cannot start any token") { return "quote a value that starts with @, %, ` or a tab" }
        if problem.contains("mapping values are not allowed") {
            return "quote a value that holds ': ', or correct the indentation"
        }
        if problem.contains("undefined alias") { return "quote a value that starts with *" }
        if problem.contains("another document") { return "remove the '---' and what follows it" }
        if problem.contains("']'") || problem.contains("'}'") { return "close what was opened in a line before" }
        if problem.contains("did not find expected") { return "check the indentation here and in the line before" }
        return "correct the syntax here or in the line before"
    }

    /// The parser names the mapping only; in a block mapping all keys stand in one column.
    private static func secondPlace(of key: String, after mark: Mark, in text: String) -> (line: Int, column: Int) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        var count = 0
        for number in mark.line...max(mark.line, lines.count) where number <= lines.count {
            let line = lines[number - 1]
            let content = line.drop { $0 == " " || (number == mark.line && $0 == "-") }
            guard line.count - content.count == mark.column - 1, content.hasPrefix(key) else { continue }
            guard content.dropFirst(key.count).drop(while: { $0 == " " }).hasPrefix(":") else { continue }
            count += 1
            if count == 2 { return (number, mark.column) }
        }
        return (mark.line, mark.column)
    }
}
