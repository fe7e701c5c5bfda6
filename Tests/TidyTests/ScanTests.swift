import Testing

/// The rules are only as good as the scanner that they rest on.
struct ScanTests {
    @Test func `comments and literals are blanked, code stays in its column`() {
        let source = ##"""
            let a = "try! \(b("}")) //" // as!
            /* fatalError( /* nested */ { */ let c = 1
            let d = #"raw \" "quoted" \#(e) "#; let f = 2
            """##
        let lines = CodeText(source).lines
        #expect(!lines.joined().contains("try!"))
        #expect(!lines.joined().contains("as!"))
        #expect(!lines.joined().contains("fatalError"))
        #expect(lines[0].hasPrefix("let a = "))
        #expect(lines[1].hasSuffix(" let c = 1"))
        #expect(lines[2].hasSuffix("; let f = 2"))
    }

    @Test func `a multi-line literal hides its braces`() {
        let source =
            "func one() {\n    let text = \"\"\"\n        } \\(two { $0 }) {\n        \"\"\"\n    use(text)\n}\n"
        #expect(
            FunctionScan.functions(in: CodeText(source)) == [FunctionExtent(name: "one", line: 1, lineCount: 6)])
    }

    @Test func `requirements have no body, long signatures do`() {
        let source = """
            protocol P {
                func short() async throws -> Int
                init(value: Int)
            }
            struct S {
                public init(
                    value: Int = { 3 }()
                ) {
                    self.value = value
                }
                func generic<T>(_ t: T) -> T
                where T: P {
                    t
                }
                func line() -> Int { 1 }
            }
            """
        let found = FunctionScan.functions(in: CodeText(source))
        #expect(found.map(\.name) == ["init", "generic", "line"])
        #expect(found.map(\.lineCount) == [5, 4, 1])
    }
}
