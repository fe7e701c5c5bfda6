import Testing

@testable import JobService

@Suite struct `Answers of a model server` {
    @Test func `a completion becomes output and usage`() throws {
        let body = Array(FakeModelServer.Answer.text("hello", prompt: 10, completion: 20).body.utf8)
        let result = try ChatAnswer.judge(status: 200, retryAfter: nil, body: body)
        #expect(result.output == ["text": "hello", "model": "tiny-1", "finish_reason": "stop"])
        #expect(result.usage == JobUsage(promptTokens: 10, completionTokens: 20))
    }

    @Test func `without counted tokens the size of the answer counts`() throws {
        let body = Array(#"{"choices":[{"message":{"content":"hello"}}]}"#.utf8)
        #expect(try ChatAnswer.judge(status: 200, retryAfter: nil, body: body).usage == JobUsage(units: 1))
    }

    @Test(
        arguments: [
            (429, "7", "model-overloaded", true, 7), (503, nil, "model-unavailable", true, nil),
            (500, "soon", "model-unavailable", true, nil), (408, nil, "model-unavailable", true, nil),
            (400, nil, "model-refused", false, nil), (401, nil, "model-refused", false, nil),
            (302, nil, "model-refused", false, nil), (200, nil, "model-answer-unreadable", true, nil),
        ] as [(Int, String?, String, Bool, Int?)])
    func `failures say whether to try again`(
        status: Int, retryAfter: String?, code: String, mayRetry: Bool, seconds: Int?
    ) {
        let failure = #expect(throws: JobFailure.self) {
            try ChatAnswer.judge(status: status, retryAfter: retryAfter, body: Array("<html>".utf8))
        }
        #expect(failure?.code == code)
        #expect(failure?.mayRetry == mayRetry)
        #expect(failure?.retryAfter == seconds.map { .seconds($0) })
    }

    @Test func `the server's own words are passed on`() {
        let failure = #expect(throws: JobFailure.self) {
            try ChatAnswer.judge(status: 400, retryAfter: nil, body: Array(#"{"error":{"message":"too long"}}"#.utf8))
        }
        #expect(failure?.message == "The model server answered 400: too long.")
    }
}
