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
