// One connection to Redis on one event loop, for the data path.
//
// A command costs: the caller's bytes appended to the one output buffer, an entry in the ring of pending commands, and,
// for the first of a loop turn, one task that writes them all at the turn's end. So sixty-four requests that became
// readable together reach Redis in one write, without any of them waiting for another. No lock, no Task, no future, and
// no allocation per command.
//
// Deadlines: commands of one turn share one reading of the clock. One timer runs while anything is pending, set to the
// earliest deadline; it usually finds that command answered and sets itself to the next.
//
// The facets: +Connecting (attempts, set-up, end), +Replies (decoding and dispatch), +Deadlines, +Scripts, +Cluster.

public import Logging
public import NIOCore

/// A Redis connection of one event loop that connects again by itself. Not `Sendable`: every call must come on its loop.
public final class RedisLink {
    public let eventLoop: any EventLoop
    public let configuration: RedisConfiguration

    /// Called after every change of ``state``, on the loop.
    public var onStateChange: ((RedisLinkState) -> Void)?
    /// Called before the link becomes ready when the server is not the one of the last connection: `(before, now)`, each
    /// a `run_id`; `before` is nil the first time. A new run id means a restart or another node: memory may be gone.
    public var onServerChange: ((String?, String) -> Void)?
    /// In a cluster: asked about every error reply; true when the command is sent elsewhere, and the waiter hears later.
    var onRefusal: ((PendingCommand, RedisWaiter, RedisServerError) -> Bool)?

    public internal(set) var state = RedisLinkState.idle
    public internal(set) var counters = RedisLinkCounters()
    /// The server's `run_id`, of the latest connection that became ready.
    public internal(set) var serverRunID: String?
    /// The server's names of the connection that is set up or ready, and of the latest one that was lost.
    var connectionID: Int64?
    var lostConnectionID: Int64?
    /// The server of the connection that waits for its fence.
    var runIDToCome = ""

    /// Why the latest attempt or connection ended; nil once ready.
    public internal(set) var lastFailure: String?

    @usableFromInline var output: ByteBuffer
    var pending = PendingRing()
    var machine: RedisLinkMachine
    var handler: RedisChannelHandler?
    var scripts: [RedisScript]
    /// How often this connection's scripts have been loaded again.
    var scriptEpoch: UInt32 = 0
    var isFlushScheduled = false
    var turnDeadlineNs: UInt64 = 0
    var deadlineTimer: NIOScheduledCallback?
    /// When it fires; later than every deadline while only answers that nobody waits for are due.
    var deadlineTimerNs = UInt64.max
    var attemptTimer: Scheduled<Void>?
    let logger: Logger?
    let commandDeadlineNs: UInt64
    let stallTimeoutNs: UInt64

    static let outputBytesInitial = 16 << 10
    /// A larger buffer is not kept after it was written.
    static let outputBytesKept = 1 << 20

    /// A link that does nothing until `start`. May be made anywhere, if it is then handed to its loop.
    ///
    /// - Parameter scripts: loaded on every connection before it is ready, and again when Redis has lost them.
    /// - Parameter logger: nil logs nothing; otherwise a line when a connection begins or ends, none per command.
    public init(
        eventLoop: any EventLoop, configuration: RedisConfiguration, scripts: [RedisScript] = [], logger: Logger? = nil
    ) {
        self.eventLoop = eventLoop
        self.configuration = configuration
        self.scripts = scripts
        self.logger = logger
        self.output = ByteBufferAllocator().buffer(capacity: Self.outputBytesInitial)
        self.machine = RedisLinkMachine(
            configuration: configuration, seed: configuration.jitterSeed ?? .random(in: 0 ... .max))
        self.commandDeadlineNs = RedisConfiguration.nanoseconds(ofMs: configuration.commandDeadlineMs)
        self.stallTimeoutNs = max(
            self.commandDeadlineNs, RedisConfiguration.nanoseconds(ofMs: configuration.stallTimeoutMs))
    }

    /// Starts connecting, and goes on until `close`.
    public func start() {
        self.eventLoop.preconditionInEventLoop()
        if case .connect(let generation) = self.machine.start() { self.connect(generation) }
    }

    /// Ends the connection for good. Pending commands fail with ``RedisFailure/connectionLost``; to lose none, stop
    /// sending and wait until ``pendingCount`` is 0. A link that was started must be closed, or it is never freed.
    public func close() {
        self.eventLoop.preconditionInEventLoop()
        guard case .close = self.machine.close() else { return }
        self.attemptTimer?.cancel()
        self.attemptTimer = nil
        self.deadlineTimer?.cancel()
        self.deadlineTimer = nil
        self.dropConnection(becoming: .closed, failing: .connectionLost)
    }

    /// True while `send` would reach a server.
    public var isReady: Bool { self.machine.isReady }

    /// Commands without a reply, those past their deadline included.
    public var pendingCount: Int { self.pending.count }

    // MARK: The hot path

    /// Sends one command: `encode` appends its complete RESP bytes, exactly one command, and must not call the link.
    ///
    /// - Parameter withinNs: how long its waiter waits; 0 is the link's own deadline.
    /// - Returns: nil when the command is accepted: the waiter will hear. Otherwise the command was refused, and the
    ///   waiter will not be called.
    @inlinable
    public func send(
        _ waiter: RedisWaiter, withinNs: UInt64 = 0, encode: (inout ByteBuffer) -> Void
    ) -> RedisFailure? {
        self.send(waiter, withinNs: withinNs, slot: 0, encode: encode)
    }

    /// As `send`, in a cluster, where a command that is refused goes elsewhere by its slot.
    @inlinable
    func send(
        _ waiter: RedisWaiter, withinNs: UInt64, slot: UInt16, encode: (inout ByteBuffer) -> Void
    ) -> RedisFailure? {
        if let refusal = self.refusal() { return refusal }
        let before = self.output.writerIndex
        encode(&self.output)
        guard self.output.writerIndex > before else { return .nothingEncoded }
        self.accept(waiter, withinNs: withinNs, slot: slot)
        return nil
    }

    /// Sends one command that is encoded already.
    @inlinable
    public func send(_ waiter: RedisWaiter, encoded command: ByteBuffer) -> RedisFailure? {
        self.send(waiter) { output in _ = output.writeImmutableBuffer(command) }
    }

    /// Why no command can be sent now; nil when one can. Counts the refusal.
    @usableFromInline
    func refusal() -> RedisFailure? {
        guard self.machine.isReady else {
            self.counters.refusedNotConnected += 1
            return .notConnected
        }
        guard self.pending.count < self.configuration.pendingCommandsMax,
            self.output.readableBytes < self.configuration.outputBytesMax
        else {
            self.counters.refusedQueueFull += 1
            return .queueFull
        }
        return nil
    }

    /// Registers the waiter of the command just encoded.
    @usableFromInline
    func accept(_ waiter: RedisWaiter, withinNs: UInt64, slot: UInt16) {
        self.counters.commands += 1
        self.beginTurn()
        let deadlineNs =
            withinNs == 0 ? self.turnDeadlineNs : self.turnDeadlineNs &- self.commandDeadlineNs &+ withinNs
        self.pending.append(
            PendingCommand(
                waiter: waiter, deadlineNs: deadlineNs, withinNs: withinNs, scriptEpoch: self.scriptEpoch, slot: slot))
        self.armDeadlineTimer(noLaterThanNs: deadlineNs)
    }

    /// As `accept`, for the link's own commands: they have no deadline, for the set-up has a timer of its own.
    func acceptInternal(_ waiter: RedisWaiter) {
        self.beginTurn()
        self.pending.append(PendingCommand(waiter: waiter, deadlineNs: self.turnDeadlineNs, isInternal: true))
    }

    // MARK: One write per loop turn

    /// The first command of a turn reads the clock and orders the write at its end.
    func beginTurn() {
        guard !self.isFlushScheduled else { return }
        self.isFlushScheduled = true
        self.turnDeadlineNs = NIODeadline.now().uptimeNanoseconds &+ self.commandDeadlineNs
        self.eventLoop.assumeIsolated().execute { self.endTurn() }
    }

    /// How long a command has that comes here under a deadline of before. The time it spent elsewhere must not count as this
    /// server's silence.
    func remainingNs(until deadlineNs: UInt64) -> UInt64 {
        max(1, deadlineNs &- (self.turnDeadlineNs &- self.commandDeadlineNs))
    }

    private func endTurn() {
        self.isFlushScheduled = false
        self.flush()
    }

    /// Hands the output to the socket, unless the socket is full: then the bytes wait here, where they are bounded.
    func flush() {
        guard let handler = self.handler, handler.isWritable, self.output.readableBytes > 0 else { return }
        self.counters.flushes += 1
        self.counters.bytesWritten += self.output.readableBytes
        // Taken out before it is written: a write can make the channel writable again, which calls us again.
        var bytes = ByteBuffer()
        swap(&bytes, &self.output)
        handler.write(bytes)
        // The socket has usually taken everything already, so the storage is ours again and need not be allocated anew.
        guard self.output.readableBytes == 0, bytes.capacity <= Self.outputBytesKept else { return }
        bytes.clear()
        swap(&bytes, &self.output)
    }
}
