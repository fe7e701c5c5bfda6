import Glibc
import NIOCore

/// What a client's connection and an upstream's have in common: bytes out to the socket, and reads that can be held back.
///
/// The only handler of its channel, and the channel a plain socket: bytes may go to that socket past the pipeline. The
/// channel must not read by itself (`autoRead` off): this handler asks for every read.
///
/// A head or a small answer nearly always finds room in its socket. SwiftNIO's way there (through the pipeline, into the
/// queue of pending writes, to its flush mark, out of the queue again) is longer than all that the edge does with
/// the bytes, so where nothing waits in that queue they are sent at once. What the socket does not take, and all that
/// comes behind it, goes through SwiftNIO, which waits for room, tells of it, and ends a connection that has failed.
class SocketHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// The channel's place in its pipeline, while it is open.
    final private(set) var context: ChannelHandlerContext?
    /// Where reads are asked for, while the channel is open: what SwiftNIO itself calls when `read` has gone through the
    /// pipeline, in which there is nobody but this handler.
    private final var core: (any ChannelCore)?
    /// The channel's socket while it is connected, −1 otherwise. SwiftNIO closes it, and says so (`channelInactive`)
    /// before it calls anything else of ours: the number is never used for another's socket.
    private final var socket: CInt = -1
    /// Whether SwiftNIO may have bytes that the socket has not taken.
    private final var mayHaveQueued = false
    /// Whether SwiftNIO is writing on our behalf: where it fails it closes the channel at once, and tells of no error.
    private(set) final var isWriting = false
    private final var readsHeld = false
    private final var readWanted = false
    private let earlyReads: EarlyReads
    /// Whether bytes may have come that SwiftNIO has not told of.
    final var expectsBytes = false

    /// NIO ignores SIGPIPE for the whole process; whoever embeds the edge may not.
    private static var sendFlags: CInt { CInt(MSG_NOSIGNAL) | CInt(MSG_DONTWAIT) }

    init(earlyReads: EarlyReads) { self.earlyReads = earlyReads }

    // MARK: For subclasses

    /// Bytes have come.
    func received(_ buffer: ByteBuffer) {}

    /// No more have come for now.
    func receivedAll() {}

    // MARK: Out

    /// Whether more should be written: not while SwiftNIO has much queued.
    final var isWritable: Bool {
        guard let context else { return false }
        return !self.mayHaveQueued || context.channel.isWritable
    }

    /// Whether bytes wait for the socket to take them.
    final var isBehind: Bool {
        guard let context else { return false }
        return self.mayHaveQueued && !self.hasNothingQueued(context)
    }

    /// Queues bytes until `flush`.
    final func write(_ buffer: ByteBuffer) {
        guard let context else { return }
        self.mayHaveQueued = true
        context.write(NIOAny(buffer), promise: nil)
    }

    final func flush() {
        guard self.mayHaveQueued, let context else { return }
        self.isWriting = true
        context.flush()
        self.isWriting = false
    }

    final func writeAndFlush(_ buffer: ByteBuffer) {
        guard let context else { return }
        var taken = 0
        if self.socket >= 0, !self.mayHaveQueued || self.hasNothingQueued(context) {
            taken = self.send(buffer)
            if taken == buffer.readableBytes { return }
        }
        self.mayHaveQueued = true
        var unsent = buffer
        unsent.moveReaderIndex(forwardBy: taken)
        self.isWriting = true
        context.writeAndFlush(NIOAny(unsent), promise: nil)
        self.isWriting = false
    }

    /// Bytes that the socket has taken. An error is SwiftNIO's to find: it meets it with the same bytes.
    private final func send(_ buffer: ByteBuffer) -> Int {
        let taken = buffer.withUnsafeReadableBytes { bytes in
            Glibc.send(self.socket, bytes.baseAddress, bytes.count, Self.sendFlags)
        }
        return max(0, taken)
    }

    private final func hasNothingQueued(_ context: ChannelHandlerContext) -> Bool {
        guard let options = context.channel.syncOptions, let bytes = try? options.getOption(.bufferedWritableBytes),
            bytes == 0
        else { return false }
        self.mayHaveQueued = false
        return true
    }

    /// Has the socket tell its peer when it is closed that this is no orderly end (RST, not FIN).
    final func resetWhenClosed() {
        var linger = Glibc.linger(l_onoff: 1, l_linger: 0)
        setsockopt(self.socket, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
    }

    // MARK: In

    /// Asks for the next read. The channel's own way (`autoRead`) asks through the pipeline and this handler each time.
    private final func readOn() {
        if self.readsHeld {
            self.readWanted = true
        } else {
            self.core?.read0()
        }
    }

    /// Keeps the next read back until `resumeReading`.
    final func holdReading() { self.readsHeld = true }

    final func resumeReading() {
        guard self.readsHeld else { return }
        self.readsHeld = false
        if self.readWanted {
            self.readWanted = false
            self.core?.read0()
        }
    }

    /// Forgets a hold that ended with the exchange that asked for it.
    final func forgetHold() { self.readsHeld = false }

    /// Reads what the socket holds past SwiftNIO, and hands it on. False where there is nothing, or the end, which is
    /// SwiftNIO's to find. Nil where nothing may be read.
    final func readEarly(into buffer: inout ByteBuffer, bytesMax: Int) -> Bool? {
        self.expectsBytes = false
        guard let context, self.socket >= 0, !self.readsHeld else { return nil }
        let socket = self.socket
        var failure: CInt = 0
        buffer.clear()
        let taken = buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: bytesMax) { space in
            let taken = Glibc.recv(socket, space.baseAddress, space.count, CInt(MSG_DONTWAIT))
            if taken < 0 { failure = errno }
            return max(0, taken)
        }
        if taken > 0 {
            self.received(buffer)
            self.receivedAll()
            return true
        }
        if failure != 0, failure != EAGAIN, failure != EINTR {
            // The kernel tells of an error once: SwiftNIO would find an orderly end in its place.
            self.errorCaught(context: context, error: IOError(errnoCode: failure, reason: "recv"))
        }
        return false
    }

    // MARK: Channel events

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        self.core = context.channel._channelCore
        guard context.channel.isActive else { return }
        self.findSocket(context)
        self.readOn()
    }

    func handlerRemoved(context: ChannelHandlerContext) { self.forgetChannel() }

    func channelActive(context: ChannelHandlerContext) {
        self.findSocket(context)
        context.fireChannelActive()
        self.readOn()
    }

    func channelInactive(context: ChannelHandlerContext) { self.forgetChannel() }

    final func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        self.expectsBytes = false
        self.earlyReads.socketsLookedAt()
        self.received(Self.unwrapInboundIn(data))
    }

    final func channelReadComplete(context: ChannelHandlerContext) {
        self.receivedAll()
        self.readOn()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {}

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A reset arrives here first; channelInactive follows.
        context.close(promise: nil)
    }

    /// The channel is closed or about to be: nothing goes to it or its socket any more.
    final func forgetChannel() {
        self.context = nil
        self.core = nil
        self.socket = -1
    }

    private final func findSocket(_ context: ChannelHandlerContext) {
        let operations = context.pipeline.syncOperations
        let handle = try? operations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) { $0 }
        self.socket = handle ?? -1
    }
}
