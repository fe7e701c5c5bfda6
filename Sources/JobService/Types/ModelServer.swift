import AsyncHTTPClient
import Logging
import NIOCore
import NIOHTTP1

/// A server with the OpenAI-compatible chat completion API.
struct ModelServer: Sendable {
    /// Base address; `/chat/completions` is appended: `http://127.0.0.1:8000/v1`.
    var baseURL: String
    /// Sent as a bearer token, if there is one.
    var apiKey: String?
    private let client: HTTPClient
    /// Longest wait for one whole answer.
    var timeoutSeconds: Int64 = 120
    /// Calls made within one attempt of a job, before the attempt counts as failed.
    var callsMax = 3
    /// Pauses between those calls.
    var pause = RetryDelay(first: .milliseconds(500), longest: .seconds(20))

    private static let answerBytesMax = 8 << 20

    init(baseURL: String, apiKey: String?) {
        self.baseURL = baseURL.hasSuffix("/") ? String(baseURL.dropLast()) : baseURL
        self.apiKey = apiKey
        // A redirect would carry the key to another place.
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.timeout.connect = .seconds(5)
        // A refused connection is the job's to repeat, with its pauses and its bound.
        configuration.connectionPool.retryConnectionEstablishment = false
        self.client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// Closes its connections. Must be called before the last copy goes.
    func close() async throws { try await self.client.shutdown() }

    /// Asks once, and again where that may help.
    /// - Throws: ``JobFailure``, or `CancellationError`.
    func complete(_ input: ChatInput, jobID: JobID, logger: Logger) async throws -> JobResult {
        var random = SystemRandomNumberGenerator()
        var call = 1
        while true {
            do throws(JobFailure) {
                return try await self.ask(input)
            } catch {
                try Task.checkCancellation()
                guard error.mayRetry, call < self.callsMax else { throw error }
                let pause = self.pause.delay(afterAttempt: call, lowerBound: error.retryAfter, random: &random)
                logger.debug(
                    "model server failed, asking again",
                    metadata: ["job": "\(jobID)", "call": "\(call)", "code": "\(error.code)", "pause": "\(pause)"])
                try await Task.sleep(for: pause)
                call += 1
            }
        }
    }

    private func ask(_ input: ChatInput) async throws(JobFailure) -> JobResult {
        let status: Int
        let retryAfter: String?
        let body: [UInt8]
        do {
            var request = HTTPClientRequest(url: self.baseURL + "/chat/completions")
            request.method = .POST
            request.headers.add(name: "content-type", value: "application/json")
            request.headers.add(name: "accept", value: "application/json")
            if let apiKey { request.headers.add(name: "authorization", value: "Bearer \(apiKey)") }
            request.body = .bytes(Array(try input.requestBody.encoded().utf8))
            let answer = try await self.client.execute(request, timeout: .seconds(self.timeoutSeconds))
            status = Int(answer.status.code)
            retryAfter = answer.headers.first(name: "retry-after")
            body = Array(try await answer.body.collect(upTo: Self.answerBytesMax).readableBytesView)
        } catch {
            // What the error says may hold the server's address, which is not the client's business.
            throw JobFailure(
                code: "model-unreachable", message: "The model server did not answer.", mayRetry: true)
        }
        return try ChatAnswer.judge(status: status, retryAfter: retryAfter, body: body)
    }
}
