import NIOCore

/// Carries one command's reply to the task that awaits it.
final class RedisValueWaiter: RedisWaiter {
    private let continuation: CheckedContinuation<RedisValue, any Error>
    /// The command, to be sent again after NOSCRIPT.
    private let command: ByteBuffer

    init(_ continuation: CheckedContinuation<RedisValue, any Error>, command: ByteBuffer) {
        self.continuation = continuation
        self.command = command
    }

    override func redisReplied(_ reply: borrowing RedisReply) {
        self.continuation.resume(returning: reply.value())
    }

    override func redisFailed(_ failure: RedisFailure) {
        self.continuation.resume(throwing: failure)
    }

    override func redisResend(into output: inout ByteBuffer) -> Bool {
        output.writeImmutableBuffer(self.command)
        return true
    }
}

/// Collects the replies to several commands sent together; error replies are values among them.
final class RedisPipeline {
    private var values: [RedisValue]
    private var remaining: Int
    private var failure: RedisFailure?
    private let continuation: CheckedContinuation<[RedisValue], any Error>

    init(count: Int, _ continuation: CheckedContinuation<[RedisValue], any Error>) {
        self.values = Array(repeating: .null, count: count)
        self.remaining = count
        self.continuation = continuation
    }

    func finish(_ index: Int, _ result: Result<RedisValue, RedisFailure>) {
        switch result {
        case .success(let value): self.values[index] = value
        case .failure(.serverError(let error)): self.values[index] = .error(error)
        case .failure(let failure): self.failure = self.failure ?? failure
        }
        self.remaining -= 1
        guard self.remaining == 0 else { return }
        if let failure = self.failure {
            self.continuation.resume(throwing: failure)
        } else {
            self.continuation.resume(returning: self.values)
        }
    }
}

/// Waits for one reply of a pipeline.
final class RedisPipelineWaiter: RedisWaiter {
    private let pipeline: RedisPipeline
    private let index: Int
    private let command: ByteBuffer

    init(_ pipeline: RedisPipeline, index: Int, command: ByteBuffer) {
        self.pipeline = pipeline
        self.index = index
        self.command = command
    }

    override func redisReplied(_ reply: borrowing RedisReply) {
        self.pipeline.finish(self.index, .success(reply.value()))
    }

    override func redisFailed(_ failure: RedisFailure) {
        self.pipeline.finish(self.index, .failure(failure))
    }

    override func redisResend(into output: inout ByteBuffer) -> Bool {
        output.writeImmutableBuffer(self.command)
        return true
    }
}
