import Logging
import NIOCore

extension RedisLink {
    /// Decodes what came and hands every complete reply to its waiter, in order.
    func received(_ bytes: ByteBuffer, from handler: RedisChannelHandler) {
        guard handler === self.handler else { return }
        self.counters.bytesRead += bytes.readableBytes
        bytes.withUnsafeReadableBytes { all in
            var offset = 0
            // A waiter may close the link: then the rest is nobody's.
            while offset < all.count, handler === self.handler {
                let end = min(offset + RedisReplyDecoder.portionBytes, all.count)
                handler.decoder.feed(UnsafeRawBufferPointer(rebasing: all[offset..<end]))
                self.dispatchReplies(of: handler)
                offset = end
            }
        }
    }

    private func dispatchReplies(of handler: RedisChannelHandler) {
        while handler === self.handler {
            switch handler.decoder.next() {
            case .reply:
                handler.decoder.withReply { self.dispatch($0) }
            case .needsMoreBytes:
                return
            case .failed(let reason):
                return self.protocolFailed(reason)
            }
        }
    }

    private func dispatch(_ reply: borrowing RedisReply) {
        guard let command = self.pending.popFirst() else {
            let text = reply.errorMessage.map { ": \($0)" } ?? ""
            return self.protocolFailed("a reply came that nobody had asked for\(text)")
        }
        self.counters.replies += 1
        guard let waiter = command.waiter else {
            self.counters.lateReplies += 1
            return
        }
        guard reply.kind == .error else { return waiter.redisReplied(reply) }
        if reply.isNoScriptError, self.resend(command, waiter) { return }
        let error = RedisServerError(message: reply.errorMessage ?? "")
        if let onRefusal, !command.isInternal, onRefusal(command, waiter, error) { return }
        self.counters.serverErrors += 1
        waiter.redisFailed(.serverError(error))
    }

    /// The stream cannot be trusted any more: which reply belongs to which command is unknown.
    private func protocolFailed(_ reason: String) {
        self.counters.protocolErrors += 1
        self.ended(self.machine.generation, "protocol error: \(reason)", failing: .protocolError)
    }
}
