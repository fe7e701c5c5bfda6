import Domain
import HTTPWire
import NIOCore

/// One client connection speaking HTTP/1.1: carries bytes between its channel and its exchange, keeps pipelined bytes
/// in order and bounded, and closes the way HTTP asks. What the bytes mean is the exchange's business.
///
/// One exchange serves all requests of a connection, one after the other; only a keyed exchange whose client has gone
/// outlives the connection.
final class DownstreamHandler: SocketHandler {
    private let loop: EdgeLoop
    private(set) var exchange: Exchange?
    /// Bytes that wait: the start of a head, or what a client pipelined behind the request in progress.
    private var waiting = ByteBuffer()
    private var closing = Closing.no
    private(set) var peer = IPAddress(ipv4: 0)

    private enum Closing {
        case no
        /// The last answer is written and the output shut; input is read and thrown away so that the answer is not
        /// lost to a reset (RFC 9112 §9.6).
        case lingering
        /// The last answer is on its way to a client that reads slowly; the connection closes behind it.
        case draining
        /// The answer is cut off, and its end is that of the connection: `abort` follows.
        case resetting
        case closed
    }

    /// Bytes that one connection may have waiting before it is not read any more: pipelined requests, and the start of a
    /// head, which must be able to become as large as heads may be.
    private let waitingBytesMax: Int

    init(loop: EdgeLoop) {
        self.loop = loop
        let settings = loop.configuration.edge
        self.waitingBytesMax = max(64 * 1024, settings.requestLineBytesMax + settings.headBytesMax)
        super.init(earlyReads: loop.earlyReads)
    }

    // MARK: For the exchange

    /// The answer is complete and the connection goes on: the next request may be waiting already.
    func exchangeFinished() {
        self.resumeReading()
        guard self.closing == .no else { return }
        guard self.waiting.readableBytes > 0 else { return self.loop.earlyReads.expectRequest(from: self) }
        // Not from within: the call that finished the last request may still hold the loop's scratch.
        self.loop.eventLoop.assumeIsolated().execute { self.readNextRequest() }
    }

    /// The answer is complete and was the last one; closing ends with the bytes that still wait for the socket.
    func closeAfterAnswer(unreadInput: Bool) {
        guard let context, self.closing == .no else { return }
        self.waiting.clear()
        if unreadInput || self.isBehind {
            self.closing = unreadInput ? .lingering : .draining
            context.close(mode: .output, promise: nil)
            self.resumeReading()
        } else {
            self.closing = .closed
            context.close(promise: nil)
        }
    }

    override func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if self.closing == .draining, case .some(.outputClosed) = event as? ChannelEvent {
            self.closing = .closed
            context.close(promise: nil)
        }
        context.fireUserInboundEventTriggered(event)
    }

    /// Has the next `abort` end with a reset, whatever the exchange says then: to a client that reads until the end of the
    /// connection, an orderly end would say that its answer is whole.
    func resetOnAbort() {
        if self.closing == .no { self.closing = .resetting }
    }

    /// Ends the connection at once: the answer cannot be completed, or the deadline has passed.
    func abort() {
        guard let context, self.closing != .closed else { return }
        if self.closing == .resetting || self.exchange?.endsWithConnection == true { self.resetWhenClosed() }
        self.closing = .closed
        context.close(promise: nil)
    }

    /// Hands over what waits, to be used as body bytes.
    func takeWaiting() -> ByteBuffer {
        defer { self.waiting = ByteBuffer() }
        return self.waiting
    }

    /// Puts bytes that belong to the next request back in front.
    func keep(_ buffer: ByteBuffer) {
        var buffer = buffer
        if self.waiting.readableBytes == 0 {
            self.waiting = buffer
        } else {
            buffer.writeImmutableBuffer(self.waiting)
            self.waiting = buffer
        }
    }

    // MARK: Channel events

    override func handlerAdded(context: ChannelHandlerContext) {
        super.handlerAdded(context: context)
        if let address = context.channel.remoteAddress, let peer = IPAddress(address) { self.peer = peer }
        if context.channel.isActive { self.begin(context) }
    }

    override func channelActive(context: ChannelHandlerContext) {
        super.channelActive(context: context)
        self.begin(context)
    }

    override func received(_ buffer: ByteBuffer) {
        var buffer = buffer
        guard self.closing == .no, let exchange else { return }
        guard exchange.isIdle || exchange.takesBody else { return self.append(buffer) }
        if self.waiting.readableBytes > 0 {
            // The start of a head, or of a trailer section, that came before.
            self.waiting.writeBuffer(&buffer)
            buffer = self.takeWaiting()
        }
        self.dispatch(&buffer, to: exchange)
    }

    /// Gives bytes to whoever they are for: a new request's head, the body in progress, or the queue.
    private func dispatch(_ buffer: inout ByteBuffer, to exchange: Exchange) {
        if exchange.isIdle { exchange.headRead(&buffer) }
        if buffer.readableBytes > 0, exchange.takesBody { exchange.bodyRead(&buffer) }
        guard buffer.readableBytes > 0, self.closing == .no else { return }
        let isNext = exchange.isIdle && !exchange.isReadingHead
        self.append(buffer)
        if isNext { self.exchangeFinished() }
    }

    override func receivedAll() { self.exchange?.downstreamReadComplete() }

    override func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { self.exchange?.downstreamBecameWritable() }
    }

    override func channelInactive(context: ChannelHandlerContext) {
        super.channelInactive(context: context)
        self.closing = .closed
        self.waiting = ByteBuffer()
        if let exchange {
            self.exchange = nil
            self.loop.counters.connectionsOpen -= 1
            exchange.connectionClosed()
        }
    }

    private func begin(_ context: ChannelHandlerContext) {
        guard self.exchange == nil, self.closing == .no else { return }
        self.loop.counters.connectionsAccepted += 1
        guard self.loop.counters.connectionsOpen < self.loop.connectionsMax, !self.loop.draining else {
            self.loop.counters.connectionsRefused += 1
            self.closing = .closed
            context.close(promise: nil)
            return
        }
        self.loop.counters.connectionsOpen += 1
        let exchange = Exchange(loop: self.loop, handler: self)
        self.exchange = exchange
        self.loop.register(exchange)
        exchange.awaitRequest()
    }

    private func readNextRequest() {
        guard self.closing == .no, let exchange, exchange.isIdle, self.waiting.readableBytes > 0 else { return }
        var buffer = self.takeWaiting()
        self.dispatch(&buffer, to: exchange)
    }

    private func append(_ buffer: ByteBuffer) {
        if self.waiting.readableBytes == 0 {
            // A copy, so that the receive buffer goes back to the channel instead of being held by a few bytes.
            self.waiting.clear()
        }
        self.waiting.writeImmutableBuffer(buffer)
        if self.waiting.readableBytes > self.waitingBytesMax { self.holdReading() }
    }
}
