import NIOCore

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
