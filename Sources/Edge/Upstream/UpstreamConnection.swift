import NIOCore

/// One connection to an upstream: carries bytes between its channel and the exchange that leases it, and nothing else.
/// Reads are asked for by the exchange, so a slow client stops the upstream by not asking.
final class UpstreamConnection: ChannelDuplexHandler, Equatable {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    let endpoint: UpstreamEndpoint
    /// The exchange that holds the lease.
    var exchange: Exchange?
    /// Whether an exchange has used this connection before: a loss may then be the peer's keep-alive time-out.
    private(set) var reused = false
    /// Loop time of the moment it was parked.
    var idleSinceMs = 0
    private(set) var isActive = false
    private var context: ChannelHandlerContext?
    private var readsHeld = false
    private var readWanted = false

    init(endpoint: UpstreamEndpoint) {
        self.endpoint = endpoint
    }

    static func == (left: UpstreamConnection, right: UpstreamConnection) -> Bool { left === right }

    var isWritable: Bool { self.context?.channel.isWritable ?? false }

    /// Hands the connection to `exchange`.
    func lease(to exchange: Exchange) {
        self.exchange = exchange
        self.readsHeld = false
    }

    /// Takes the lease back; reads flow again so that the peer's close is seen while idle.
    func endLease() {
        self.exchange = nil
        self.reused = true
        self.resumeReading()
    }

    func write(_ buffer: ByteBuffer) {
        guard let context else { return }
        context.write(NIOAny(buffer), promise: nil)
    }

    func flush() { self.context?.flush() }

    func writeAndFlush(_ buffer: ByteBuffer) {
        guard let context else { return }
        context.writeAndFlush(NIOAny(buffer), promise: nil)
    }

    /// Keeps the next read back until `resumeReading`.
    func holdReading() { self.readsHeld = true }

    func resumeReading() {
        guard self.readsHeld else { return }
        self.readsHeld = false
        if self.readWanted {
            self.readWanted = false
            self.context?.read()
        }
    }

    func close() { self.context?.close(promise: nil) }

    // MARK: Channel events

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelActive(context: ChannelHandlerContext) {
        self.isActive = true
        context.fireChannelActive()
    }

    func read(context: ChannelHandlerContext) {
        if self.readsHeld {
            self.readWanted = true
        } else {
            context.read()
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard let exchange else {
            // Bytes nobody asked for: the connection is out of step and never used again.
            context.close(promise: nil)
            return
        }
        exchange.upstreamRead(UpstreamConnection.unwrapInboundIn(data), on: self)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        self.exchange?.upstreamReadComplete()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { self.exchange?.upstreamBecameWritable() }
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.isActive = false
        if let exchange {
            exchange.upstreamClosed(self)
        } else {
            self.endpoint.idleClosed(self)
        }
        self.context = nil
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A reset arrives here first; channelInactive follows and tells the exchange.
        context.close(promise: nil)
    }
}
