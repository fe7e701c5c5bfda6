import NIOCore

/// The only handler of a connection's channel: passes events to the link, marked with the attempt they belong to.
final class RedisChannelHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    let generation: UInt64
    let decoder: RedisReplyDecoder
    private(set) var isWritable = true
    private let link: RedisLink
    private var context: ChannelHandlerContext?
    private var errorText: String?

    init(link: RedisLink, generation: UInt64) {
        self.link = link
        self.generation = generation
        self.decoder = RedisReplyDecoder(replyBytesMax: link.configuration.replyBytesMax)
    }

    func write(_ bytes: ByteBuffer) {
        guard let context = self.context else { return }
        context.writeAndFlush(NIOAny(bytes), promise: nil)
    }

    func close() {
        self.context?.close(promise: nil)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { self.link.connected(self) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    func channelActive(context: ChannelHandlerContext) {
        self.link.connected(self)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        self.link.received(RedisChannelHandler.unwrapInboundIn(data), from: self)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        self.isWritable = context.channel.isWritable
        if self.isWritable { self.link.becameWritable(self) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.link.disconnected(self, self.errorText ?? "the server closed the connection")
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.errorText = "\(error)"
        context.close(promise: nil)
    }
}
