import Testing

/// The manifest keeps targets apart; these are the rules that it cannot see.
struct LayerTests {
    @Test func `Domain imports nothing`() {
        for file in SourceTree.targets("Domain") { #expect(Self.imports(of: file).isEmpty, "\(file.path)") }
    }

    @Test func `the data path does without Foundation`() {
        for file in SourceTree.targets("HTTPWire", "Digests", "RedisClient", "HotStore", "Journal", "Edge") {
            let foundation = Self.imports(of: file).filter { $0.hasPrefix("Foundation") }
            #expect(foundation.isEmpty, "\(file.path)")
        }
    }

    @Test func `the edge cannot reach the record layer`() {
        let forbidden: Set<String> = ["Records", "PostgresClient", "CPostgres", "Control", "Workers", "Settings"]
        for file in SourceTree.targets("Edge", "HotStore", "RedisClient", "HTTPWire", "Journal") {
            #expect(forbidden.isDisjoint(with: Self.imports(of: file)), "\(file.path)")
        }
    }

    @Test func `only the record layer and its worker speak SQL clients`() {
        for file in SourceTree.targets("Control", "Settings") {
            #expect(!Self.imports(of: file).contains("CPostgres"), "\(file.path)")
        }
    }

    /// The modules that a file imports.
    private static func imports(of file: SourceTree.File) -> Set<String> {
        Set(
            CodeText(file.text).lines.compactMap { line -> String? in
                let words = line.split(separator: " ")
                guard let position = words.firstIndex(of: "import"), position <= 2, position + 1 < words.count else {
                    return nil
                }
                let kinds: Set<Substring> = ["struct", "class", "enum", "func", "protocol", "typealias", "let", "var"]
                let name = kinds.contains(words[position + 1]) ? words.last : words[position + 1]
                return name.flatMap { $0.split(separator: ".").first }.map(String.init)
            })
    }
}
