/// Swift source with comments and the contents of string literals blanked out, line for line and column for column, so
/// that a plain search finds code and nothing else.
struct CodeText {
    let lines: [String]

    init(_ source: String) {
        var blanker = Blanker(Array(source.unicodeScalars))
        let code = blanker.run()
        self.lines = code.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    /// Walks the source once. A literal's interpolations are blanked with it.
    private struct Blanker {
        let input: [Unicode.Scalar]
        var position = 0
        var output = String.UnicodeScalarView()

        init(_ input: [Unicode.Scalar]) { self.input = input }

        mutating func run() -> String {
            while self.position < self.input.count { self.step(isVisible: true) }
            return String(self.output)
        }

        /// Takes a comment, a literal, or one scalar of code.
        private mutating func step(isVisible: Bool) {
            if self.starts(with: "//") {
                while self.position < self.input.count, self.input[self.position] != "\n" { self.blank() }
            } else if self.starts(with: "/*") {
                self.blockComment()
            } else if let hashes = self.literalHashes() {
                self.literal(hashes: hashes)
            } else if self.input[self.position] == "`" {
                self.quotedName()
            } else if isVisible {
                self.output.append(self.input[self.position])
                self.position += 1
            } else {
                self.blank()
            }
        }

        private mutating func blockComment() {
            var depth = 0
            repeat {
                if self.starts(with: "/*") {
                    depth += 1
                    self.blank(2)
                } else if self.starts(with: "*/") {
                    depth -= 1
                    self.blank(2)
                } else {
                    self.blank()
                }
            } while depth > 0 && self.position < self.input.count
        }

        /// How many `#` stand before a quote here; nil when no literal begins.
        private func literalHashes() -> Int? {
            var index = self.position
            while index < self.input.count, self.input[index] == "#" { index += 1 }
            guard index < self.input.count, self.input[index] == "\"" else { return nil }
            return index - self.position
        }

        private mutating func literal(hashes: Int) {
            let marks = String(repeating: "#", count: hashes)
            self.blank(hashes)
            let quote = self.starts(with: "\"\"\"") ? "\"\"\"" : "\""
            self.blank(quote.count)
            while self.position < self.input.count {
                if self.starts(with: quote + marks) {
                    self.blank(quote.count + hashes)
                    return
                }
                if self.starts(with: "\\" + marks + "(") {
                    self.blank(2 + hashes)
                    self.interpolation()
                } else if self.starts(with: "\\" + marks) {
                    self.blank(2 + hashes)
                } else {
                    self.blank()
                }
            }
        }

        /// A name in backticks becomes one plain word.
        private mutating func quotedName() {
            repeat {
                let isPlain = self.input[self.position].properties.isAlphabetic
                self.output.append(isPlain ? self.input[self.position] : "_")
                self.position += 1
            } while self.position < self.input.count && self.input[self.position] != "`"
                && self.input[self.position] != "\n"
            if self.position < self.input.count, self.input[self.position] == "`" {
                self.output.append("_")
                self.position += 1
            }
        }

        private mutating func interpolation() {
            var depth = 1
            while depth > 0, self.position < self.input.count {
                if self.input[self.position] == "(" { depth += 1 }
                if self.input[self.position] == ")" { depth -= 1 }
                self.step(isVisible: false)
            }
        }

        private func starts(with text: String) -> Bool {
            var index = self.position
            for scalar in text.unicodeScalars {
                guard index < self.input.count, self.input[index] == scalar else { return false }
                index += 1
            }
            return true
        }

        private mutating func blank(_ count: Int = 1) {
            for _ in 0..<count where self.position < self.input.count {
                self.output.append(self.input[self.position] == "\n" ? "\n" : " ")
                self.position += 1
            }
        }
    }
}
