public import Domain
import Glibc
public import Journal
public import Logging
import NIOCore
import NIOPosix
public import RedisClient

/// The data plane of one process: a listener on every event loop, each loop serving its connections alone.
public final class EdgeServer: Sendable {
    /// What the edge takes from its surroundings.
    public struct Dependencies: Sendable {
        public var redis: RedisConfiguration
        public var keyFallback: KeyFallback?
        /// Arbiter of the keys of durable routes; without one their keyed requests are refused.
        public var durableKeys: DurableKeys?
        /// Told which keys were used, in batches, from any loop.
        public var lastUsed: (@Sendable ([KeyUse]) -> Void)?
        /// Told when a loop's Redis is another server than before: `(before, now)` run ids.
        public var redisChanged: (@Sendable (String?, String) -> Void)?
        /// Where what was served is written down; nil keeps it in memory, and loses it with the process.
        public var journal: JournalFile?
        /// Where access log lines go; nil writes none.
        public var accessLogDescriptor: CInt?
        public var logger: Logger

        public init(redis: RedisConfiguration, logger: Logger) {
            self.redis = redis
            self.logger = logger
        }
    }

    private let group: MultiThreadedEventLoopGroup
    private let loops: [NIOLoopBound<EdgeLoop>]
    private let listeners: NIOLoopBoundBox<[any Channel]>
    private let sink: AccessLogSink?
    private let logger: Logger

    /// Makes loops and their Redis links; nothing is accepted before `start`.
    public init(configuration: Configuration, dependencies: Dependencies) async throws {
        let threads = Self.loops(of: configuration)
        self.group = MultiThreadedEventLoopGroup(numberOfThreads: threads)
        self.logger = dependencies.logger
        var sink: AccessLogSink?
        if let descriptor = dependencies.accessLogDescriptor, configuration.logging.accessLog != .off {
            sink = AccessLogSink(formatter: AccessLogFormatter(configuration), descriptor: descriptor)
        }
        self.sink = sink
        var loops: [NIOLoopBound<EdgeLoop>] = []
        for index in 0..<threads {
            let eventLoop = self.group.next()
            let accessSink = sink
            loops.append(
                try await eventLoop.submit {
                    let loop = EdgeLoop(
                        eventLoop: eventLoop, index: index, configuration: configuration, dependencies: dependencies,
                        accessSink: accessSink, loops: threads)
                    loop.start()
                    return NIOLoopBound(loop, eventLoop: eventLoop)
                }.get())
        }
        self.loops = loops
        let journal = dependencies.journal ?? JournalFile.inMemory(regions: threads)
        for loop in loops {
            try await loop.eventLoop.submit { if let journal { loop.value.use(journal) } }.get()
        }
        try await Self.enrol(loops, as: journal?.id ?? "\(getpid())")
        self.listeners = .makeBoxSendingValue([], eventLoop: self.group.any())
    }

    /// Event loops, and so regions of a journal, that an edge of this configuration has.
    public static func loops(of configuration: Configuration) -> Int {
        configuration.edge.threads > 0 ? configuration.edge.threads : System.coreCount
    }

    /// The first loop leases the gateway's part of the limits; all of them share it alike.
    private static func enrol(_ loops: [NIOLoopBound<EdgeLoop>], as id: String) async throws {
        guard let first = loops.first else { return }
        try await first.eventLoop.submit {
            first.value.enrol(as: id) { change, done in
                let under = NIOLoopBound(
                    ShareChange(waiting: loops.count, done: done), eventLoop: first.eventLoop)
                for loop in loops {
                    if loop.eventLoop.inEventLoop {
                        under.value.taken(wereFull: loop.value.take(change, loops: loops.count))
                    } else {
                        loop.eventLoop.execute {
                            let wereFull = loop.value.take(change, loops: loops.count)
                            under.eventLoop.execute { under.value.taken(wereFull: wereFull) }
                        }
                    }
                }
            }
        }.get()
    }

    /// Counts in another journal from now on; nothing is written to the one before once this returns.
    public func use(_ journal: JournalFile) async {
        for loop in self.loops { _ = try? await loop.eventLoop.submit { loop.value.use(journal) }.get() }
    }

    /// Accepts connections on every loop. Returns the port.
    public func start(_ address: ListenAddress) async throws -> Int {
        var port = address.port
        var channels: [any Channel] = []
        for loop in self.loops {
            let channel = try await Self.bind(loop, host: address.host, port: port)
            port = channel.localAddress?.port ?? port
            channels.append(channel)
        }
        let opened = channels
        let bound = port
        try await self.listeners.eventLoop.submit { self.listeners.value = opened }.get()
        return bound
    }

    /// Waits until Redis is reached by every loop, or the time is over; returns whether it is.
    public func redisReady(withinMs: Int) async -> Bool {
        let deadline = NIODeadline.now() + .milliseconds(Int64(withinMs))
        while NIODeadline.now() < deadline {
            let readiness = await self.readiness()
            if readiness.loopsWithRedis == readiness.loops { return true }
            try? await Task.sleep(nanoseconds: 20_000_000)
        }
        return false
    }

    public func readiness() async -> EdgeReadiness {
        var result = EdgeReadiness(loops: self.loops.count, loopsWithRedis: 0, draining: false, redisFailure: nil)
        for loop in self.loops {
            let state = try? await loop.eventLoop.submit {
                (loop.value.link.isReady, loop.value.draining, loop.value.link.lastFailure)
            }.get()
            guard let state else { continue }
            if state.0 { result.loopsWithRedis += 1 } else { result.redisFailure = state.2 }
            if state.1 { result.draining = true }
        }
        return result
    }

    /// What all loops counted, as metrics.
    public func metrics() async -> [MetricFamily] {
        var total: EdgeCounters?
        var redis = RedisLinkCounters()
        var routes: [String] = []
        var gauges = EdgeMetrics.Gauges()
        for loop in self.loops {
            let snapshot = try? await loop.eventLoop.submit {
                (
                    loop.value.counters, loop.value.link.counters, loop.value.routes.map(\.route.id),
                    loop.value.link.pendingCount, loop.value.upstreamUsage, loop.value.failureGauges
                )
            }.get()
            guard let snapshot else { continue }
            if total == nil { total = snapshot.0 } else { total? += snapshot.0 }
            redis += snapshot.1
            routes = snapshot.2
            gauges.redisPending += snapshot.3
            gauges.upstreamConnections += snapshot.4.connections
            gauges.upstreamWaiters += snapshot.4.waiters
            gauges.add(snapshot.5)
        }
        guard let total else { return [] }
        return EdgeMetrics.families(total, redis: redis, gauges: gauges, routes: routes)
    }

    /// Takes a new configuration into use, on each loop between two requests. Listeners, stores and the number of
    /// loops stay as they are until a restart.
    public func reload(_ configuration: Configuration) async {
        for loop in self.loops {
            _ = try? await loop.eventLoop.submit { loop.value.reload(configuration) }.get()
        }
    }

    /// Stops accepting, lets requests in flight finish for at most `drainMs`, then closes everything.
    public func shutdown(drainMs: Int) async {
        let channels = (try? await self.listeners.eventLoop.submit { self.listeners.value }.get()) ?? []
        for channel in channels { try? await channel.close() }
        for loop in self.loops { try? await loop.eventLoop.submit { loop.value.beginDraining() }.get() }
        let deadline = NIODeadline.now() + .milliseconds(Int64(drainMs))
        while NIODeadline.now() < deadline {
            var busy = 0
            for loop in self.loops { busy += (try? await loop.eventLoop.submit { loop.value.unfinished }.get()) ?? 0 }
            if busy == 0 { break }
            try? await Task.sleep(nanoseconds: 10_000_000)
        }
        for loop in self.loops { try? await loop.eventLoop.submit { loop.value.stop() }.get() }
        await self.sink?.shutdown()
        try? await self.group.shutdownGracefully()
    }

    /// SO_REUSEPORT lets every loop have a listener of its own, so that no connection is handed from one to another.
    private static func bind(_ loop: NIOLoopBound<EdgeLoop>, host: String, port: Int) async throws -> any Channel {
        try await ServerBootstrap(group: loop.eventLoop, childGroup: loop.eventLoop)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.socketOption(NIOBSDSocket.Option(rawValue: SO_REUSEPORT)), value: 1)
            .serverChannelOption(.maxMessagesPerRead, value: 64)
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            .childChannelOption(.autoRead, value: false)
            // Each connection keeps the buffer it last read into: a kilobyte holds most heads, and grows with bodies.
            .childChannelOption(.recvAllocator, value: ReceiveSize(minimum: 512, initial: 1_024, maximum: 65_536))
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(DownstreamHandler(loop: loop.value))
                }
            }
            .bind(host: host, port: port).get()
    }
}

/// A part of the limits on its way to all loops.
private final class ShareChange {
    private var waiting: Int
    private var wereFull = true
    private let done: (Bool) -> Void

    init(waiting: Int, done: @escaping (Bool) -> Void) {
        self.waiting = waiting
        self.done = done
    }

    /// One loop has it.
    func taken(wereFull: Bool) {
        self.wereFull = self.wereFull && wereFull
        self.waiting -= 1
        if self.waiting == 0 { self.done(self.wereFull) }
    }
}
