import NIOCore

/// One connection to an upstream: carries bytes between its channel and the exchange that leases it, and nothing else.
/// Reads are asked for by the exchange, so a slow client stops the upstream by not asking.
final class UpstreamConnection: SocketHandler, Equatable {
    let endpoint: UpstreamEndpoint
    /// The exchange that holds the lease.
    var exchange: Exchange?
    /// Whether an exchange has used this connection before: a loss may then be the peer's keep-alive time-out.
    private(set) var reused = false
    /// Loop time of the moment it was parked.
    var idleSinceMs = 0
    private(set) var isActive = false
    /// Whether it ended with an error, a reset for one: then its end is not that of an answer.
    private(set) var hasFailed = false

    init(endpoint: UpstreamEndpoint, earlyReads: EarlyReads) {
        self.endpoint = endpoint
        super.init(earlyReads: earlyReads)
    }

    static func == (left: UpstreamConnection, right: UpstreamConnection) -> Bool { left === right }

    /// Hands the connection to `exchange`.
    func lease(to exchange: Exchange) {
        self.exchange = exchange
        self.forgetHold()
    }

    /// Takes the lease back; reads flow again so that the peer's close is seen while idle.
    func endLease() {
        self.exchange = nil
        self.reused = true
        self.resumeReading()
    }

    func close() { self.context?.close(promise: nil) }

    // MARK: Channel events

    override func channelActive(context: ChannelHandlerContext) {
        self.isActive = true
        super.channelActive(context: context)
    }

    override func received(_ buffer: ByteBuffer) {
        guard let exchange else {
            // Bytes nobody asked for: the connection is out of step and never used again.
            self.close()
            return
        }
        exchange.upstreamRead(buffer, on: self)
    }

    override func receivedAll() { self.exchange?.upstreamReadComplete() }

    override func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { self.exchange?.upstreamBecameWritable() }
    }

    override func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.hasFailed = true
        super.errorCaught(context: context, error: error)
    }

    override func channelInactive(context: ChannelHandlerContext) {
        super.channelInactive(context: context)
        self.isActive = false
        if self.isWriting { self.hasFailed = true }
        if let exchange {
            exchange.upstreamClosed(self)
        } else {
            self.endpoint.idleClosed(self)
        }
    }
}
