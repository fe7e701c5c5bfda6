import Hummingbird
import Logging
import NIOCore
import Synchronization

@testable import JobService

/// The outside world: a server with the OpenAI-compatible API that answers as told, and remembers what it was asked.
final class FakeModelServer: Sendable {
    struct Answer: Sendable {
        var status: Int
        var body: String
        var retryAfter: String?
    }

    struct Call: Sendable {
        var authorization: String?
        var body: JSONValue
    }

    private let answers: Mutex<[Answer]>
    private let received = Mutex<[Call]>([])

    var calls: [Call] { self.received.withLock { $0 } }

    private init(_ answers: [Answer]) { self.answers = Mutex(answers) }

    /// Serves `answers` one after the other, the last of them for ever, and gives its base address.
    static func with(
        _ answers: [Answer], _ body: (FakeModelServer, String) async throws -> Void
    ) async throws {
        let fake = FakeModelServer(answers)
        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        let router = Router()
        router.post("/v1/chat/completions") { request, _ in try await fake.answer(request) }
        var logger = Logger(label: "model")
        logger.logLevel = .critical
        let application = Application(
            router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { port.yield($0.localAddress?.port ?? 0) }, logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await application.run() }
            var iterator = ports.makeAsyncIterator()
            let found = await iterator.next() ?? 0
            try await body(fake, "http://127.0.0.1:\(found)/v1")
            group.cancelAll()
        }
    }

    private func answer(_ request: Request) async throws -> Response {
        let buffer = try await request.body.collect(upTo: 1 << 20)
        let body = try JSONValue(parsing: buffer.readableBytesView)
        self.received.withLock { $0.append(Call(authorization: request.headers[.authorization], body: body)) }
        let answer = self.answers.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] }
        var headers: HTTPFields = [.contentType: "application/json"]
        headers[.retryAfter] = answer.retryAfter
        return Response(
            status: .init(code: answer.status), headers: headers,
            body: .init(byteBuffer: ByteBuffer(string: answer.body)))
    }
}

extension FakeModelServer.Answer {
    /// What a model says when all is well.
    static func text(_ text: String, prompt: Int = 9, completion: Int = 41) -> Self {
        Self(
            status: 200,
            body: """
                {"id":"c1","object":"chat.completion","model":"tiny-1","choices":[{"index":0,"finish_reason":"stop",\
                "message":{"role":"assistant","content":"\(text)"}}],"usage":{"prompt_tokens":\(prompt),\
                "completion_tokens":\(completion),"total_tokens":\(prompt + completion)}}
                """)
    }

    static func error(_ status: Int, retryAfter: String? = nil) -> Self {
        Self(status: status, body: #"{"error":{"message":"not now","type":"x"}}"#, retryAfter: retryAfter)
    }
}
