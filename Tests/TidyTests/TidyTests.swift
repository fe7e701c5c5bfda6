import Testing

/// The house rules that a machine can check.
struct TidyTests {
    @Test func `the sources are found at all`() {
        #expect(SourceTree.swift.count > 50)
        #expect(!SourceTree.lua.isEmpty)
    }

    @Test func `no function is longer than 70 lines`() {
        for file in SourceTree.swift {
            for function in FunctionScan.functions(in: CodeText(file.text)) where function.lineCount > 70 {
                Issue.record(
                    "\(file.path):\(function.line): \(function.name) has \(function.lineCount) lines, at most 70")
            }
        }
    }

    @Test func `no file is longer than 500 lines`() {
        for file in SourceTree.swift where file.lines.count > 501 {
            Issue.record("\(file.path) has \(file.lines.count - 1) lines, at most 500")
        }
    }

    @Test func `nothing traps by force outside the exceptions`() {
        for pattern in ["try!", "as!", "fatalError("] {
            self.expectNo(pattern, in: SourceTree.swift)
        }
    }

    @Test func `hot folders start no tasks`() {
        let hot = SourceTree.targets("Edge", "HTTPWire", "HotStore", "RedisClient")
        for pattern in ["Task {", "Task.detached", "Task.init"] { self.expectNo(pattern, in: hot) }
    }

    @Test func `nothing is left to be done`() {
        // Spelled in two parts, or this line would be a finding.
        for word in ["TO" + "DO", "FIX" + "ME", "XX" + "X:"] {
            for file in SourceTree.swift + SourceTree.lua {
                for (index, line) in file.lines.enumerated() where line.contains(word) {
                    Issue.record("\(file.path):\(index + 1): \(word)")
                }
            }
        }
    }

    @Test func `sources name no machine they were written on`() {
        let folder = "/wo" + "rk/"
        let others = SourceTree.files(under: ["scripts", ".ci", "config", "docs"], ending: "")
        for file in SourceTree.swift + SourceTree.lua + others {
            for (index, line) in file.lines.enumerated() where line.contains(folder) {
                Issue.record("\(file.path):\(index + 1): names a folder of one machine")
            }
        }
    }

    @Test func `every script says its keys, arguments, reply and atomicity in its first comment`() {
        for script in SourceTree.lua {
            let header = script.lines.prefix { $0.hasPrefix("--") || $0.isEmpty }.joined(separator: "\n").lowercased()
            for words in [["keys"], ["argv"], ["returns", "reply"], ["atomic"]] {
                let isSaid = words.contains { header.contains($0) }
                #expect(isSaid, "\(script.path): the header does not say \(words[0])")
            }
        }
    }

    private func expectNo(_ pattern: String, in files: [SourceTree.File]) {
        for file in files where !Exception.allows(pattern, in: file.path) {
            for (index, line) in CodeText(file.text).lines.enumerated() where Self.contains(pattern, in: line) {
                Issue.record("\(file.path):\(index + 1): \(pattern)")
            }
        }
    }

    /// Whether the pattern stands in the line as a word of its own (`as!` is not in `alias!`).
    private static func contains(_ pattern: String, in line: String) -> Bool {
        var rest = line[...]
        while let range = rest.firstRange(of: pattern) {
            let before = rest[..<range.lowerBound].last ?? line[..<range.lowerBound].last
            if before.map({ !($0.isLetter || $0.isNumber || $0 == "_") }) ?? true { return true }
            rest = rest[range.upperBound...]
        }
        return false
    }
}
