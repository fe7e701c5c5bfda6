import NIOCore
import RedisClient

/// Writes down what it hears. Knows its command, so it can send it again.
final class RecordingWaiter: RedisWaiter {
    let tag: Int
    let hearing: Hearing
    var command: ByteBuffer

    init(_ tag: Int, _ hearing: Hearing, _ arguments: [String]) {
        self.tag = tag
        self.hearing = hearing
        self.command = Self.encoded(arguments)
    }

    static func encoded(_ arguments: [String]) -> ByteBuffer {
        var command = ByteBuffer()
        RESPWriter.beginCommand(argumentCount: arguments.count, into: &command)
        for argument in arguments { RESPWriter.append(argument, into: &command) }
        return command
    }

    func send(on link: RedisLink) {
        if let refusal = link.send(self, encoded: self.command) {
            self.hearing.add(.failure(tag: self.tag, refusal))
        }
    }

    override func redisReplied(_ reply: borrowing RedisReply) {
        self.hearing.add(.reply(tag: self.tag, reply.value()))
    }

    override func redisFailed(_ failure: RedisFailure) {
        self.hearing.add(.failure(tag: self.tag, failure))
    }

    override func redisResend(into output: inout ByteBuffer) -> Bool {
        output.writeImmutableBuffer(self.command)
        return true
    }
}
