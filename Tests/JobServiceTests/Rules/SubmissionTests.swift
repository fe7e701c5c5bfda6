import Testing

@testable import JobService

@Suite struct `Submissions` {
    private func places(_ json: String, types: [JobType] = JobType.allCases) throws -> [String] {
        let (submission, problems) = JobSubmission.read(
            try JSONValue(parsing: json.utf8), types: types, nowUnixMicroseconds: 1_700_000_000_000_000)
        #expect((submission == nil) == !problems.isEmpty)
        return problems.map { problem in
            guard case .pointer(let pointer) = problem.place else { return "?" }
            return pointer
        }
    }

    @Test(arguments: [
        (#"{"type":"count","input":{"text":"a"}}"#, []),
        (#"{"type":"count","input":{"text":"a","top":3},"max_attempts":20}"#, []),
        (#"{"type":"count","input":{"text":"a"},"run_at":"2023-11-20T10:00:00+02:00"}"#, []),
        (#"{"type":"hash","input":{"text":"a","algorithms":["sha256","crc32"]}}"#, []),
        (#"{"type":"transform","input":{"text":"a","steps":["slug"]}}"#, []),
        (#"{"type":"slow","input":{"text":"a","steps":3,"step_ms":0}}"#, []),
        (#"{"type":"http","input":{"model":"m","prompt":"p","temperature":1}}"#, []),
        (#"{"type":"http","input":{"model":"m","messages":[{"role":"user","content":"c"}]}}"#, []),
        (#"[]"#, [""]),
        (#"{}"#, ["/type"]),
        (#"{"type":7,"input":{}}"#, ["/type"]),
        (#"{"type":"count"}"#, ["/input"]),
        (#"{"type":"count","input":[]}"#, ["/input"]),
        (#"{"type":"bake","input":{"text":"a"}}"#, ["/type"]),
        (#"{"type":"count","input":{"text":7}}"#, ["/input/text"]),
        (#"{"type":"count","input":{"text":"a\u0000b"}}"#, ["/input/text"]),
        (#"{"type":"count","input":{"text":"a","top":101}}"#, ["/input/top"]),
        (#"{"type":"count","input":{"text":"a","a/b~c":1},"priority":1}"#, ["/priority", "/input/a~1b~0c"]),
        (#"{"type":"count","input":{"text":"a"},"max_attempts":0,"run_at":"noon"}"#, ["/max_attempts", "/run_at"]),
        (#"{"type":"count","input":{"text":"a"},"run_at":"2024-01-20T10:00:00Z"}"#, ["/run_at"]),
        (
            #"{"type":"hash","input":{"text":"a","algorithms":["md5","sha256","x"]}}"#,
            ["/input/algorithms/0", "/input/algorithms/2"]
        ),
        (#"{"type":"transform","input":{"text":"a"}}"#, ["/input/steps"]),
        (#"{"type":"transform","input":{"text":"a","steps":[]}}"#, ["/input/steps"]),
        (#"{"type":"http","input":{"model":"m"}}"#, ["/input"]),
        (#"{"type":"http","input":{"prompt":"p","messages":[]}}"#, ["/input/model", "/input/messages", "/input"]),
        (
            #"{"type":"http","input":{"model":"m","messages":[{"role":"king"},{"role":"user","content":"c","x":1}]}}"#,
            ["/input/messages/0/content", "/input/messages/0/role", "/input/messages/1/x"]
        ),
    ])
    func `every mistake is told with its place`(json: String, expected: [String]) throws {
        #expect(try self.places(json).sorted() == expected.sorted())
    }

    @Test func `without a model server http jobs are not taken in`() throws {
        let types = JobType.allCases.filter { $0 != .http }
        #expect(try self.places(#"{"type":"http","input":{"model":"m","prompt":"p"}}"#, types: types) == ["/type"])
    }

    @Test func `a text beyond the limit is refused`() throws {
        let text = String(repeating: "a", count: JobInput.textBytesMax + 1)
        #expect(try self.places(#"{"type":"count","input":{"text":"\#(text)"}}"#) == ["/input/text"])
    }

    @Test func `a chat request goes out as the API wants it`() throws {
        let json: JSONValue = ["model": "m", "prompt": "p", "max_tokens": 5, "temperature": 1]
        let (input, _) = JobInput.read(json, as: .http, at: "/input")
        guard case .http(let chat)? = input else { return #expect(Bool(false), "no chat input") }
        #expect(
            chat.requestBody == [
                "model": "m", "messages": [["role": "user", "content": "p"]], "max_tokens": 5,
                "temperature": .number(1),
            ])
    }
}
