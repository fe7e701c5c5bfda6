/// A function found in source: where it starts and how many lines it takes, signature included.
struct FunctionExtent: Equatable {
    let name: String
    let line: Int
    let lineCount: Int
}

/// Finds functions and initialisers that have a body, by their braces.
struct FunctionScan {
    static func functions(in code: CodeText) -> [FunctionExtent] {
        code.lines.indices.compactMap { index in
            guard let name = Self.declaredName(code.lines[index]) else { return nil }
            guard let last = Self.lastLine(of: code.lines, from: index) else { return nil }
            return FunctionExtent(name: name, line: index + 1, lineCount: last - index + 1)
        }
    }

    /// The name that a line declares, if it begins a function or an initialiser.
    private static func declaredName(_ line: String) -> String? {
        let words = line.split { $0 == " " || $0 == "(" || $0 == "<" || $0 == "?" || $0 == "{" }.map(String.init)
        if let position = words.firstIndex(of: "func"), position + 1 < words.count { return words[position + 1] }
        let modifiers: Set<String> = [
            "public", "package", "private", "internal", "fileprivate", "convenience", "required", "override",
            "nonisolated", "@inlinable", "@inline", "@usableFromInline", "borrowing", "consuming",
        ]
        guard let first = words.first(where: { !modifiers.contains($0) && !$0.hasPrefix("__") }) else { return nil }
        let isDeclaration = line.contains("init(") || line.contains("init<") || line.contains("init?(")
        return first == "init" && isDeclaration && !line.contains(".init") ? "init" : nil
    }

    /// The line on which the body's last brace closes; nil for a declaration without a body.
    private static func lastLine(of lines: [String], from start: Int) -> Int? {
        var parentheses = 0
        var braces = 0
        var isInBody = false
        for index in start..<lines.count {
            for character in lines[index] {
                switch character {
                case "(" where !isInBody: parentheses += 1
                case ")" where !isInBody: parentheses -= 1
                case "{" where isInBody || parentheses == 0:
                    isInBody = true
                    braces += 1
                case "}" where isInBody: braces -= 1
                default: break
                }
                if isInBody, braces == 0 { return index }
            }
            if !isInBody, parentheses == 0, !Self.continues(after: index, in: lines) { return nil }
        }
        return nil
    }

    /// Whether the signature goes on in the next line.
    private static func continues(after index: Int, in lines: [String]) -> Bool {
        guard index + 1 < lines.count else { return false }
        if let last = lines[index].last(where: { $0 != " " }), ",>:".contains(last), last != ">" { return true }
        let next = lines[index + 1].drop { $0 == " " }
        return ["where ", "{", "->", "async", "throws", ")", ":", "&"].contains { next.hasPrefix($0) }
    }
}
