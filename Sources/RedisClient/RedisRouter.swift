public import Logging
public import NIOCore

/// Redis as one event loop reaches it: one server, or the nodes of a cluster, as the configuration says. With one server
/// this adds a test of a reference to each command, and nothing else. Not `Sendable`: every call must come on its loop.
public final class RedisRouter {
    public let eventLoop: any EventLoop
    public let configuration: RedisConfiguration
    private var isClosed = false
    @usableFromInline let single: RedisLink?
    let cluster: RedisCluster?

    /// As ``RedisLink/onServerChange``; of a cluster for any of its primaries, and not for a first connection.
    public var onServerChange: ((String?, String) -> Void)? {
        didSet {
            self.single?.onServerChange = self.onServerChange
            self.cluster?.onServerChange = self.onServerChange
        }
    }

    /// Called when ``isReady`` may have changed.
    var onChange: () -> Void = {} {
        didSet {
            self.single?.onStateChange = { [weak self] _ in self?.onChange() }
            self.cluster?.onChange = { [weak self] in self?.onChange() }
        }
    }

    /// Does nothing until `start`.
    public init(
        eventLoop: any EventLoop, configuration: RedisConfiguration, scripts: [RedisScript] = [], logger: Logger? = nil
    ) {
        self.eventLoop = eventLoop
        self.configuration = configuration
        if configuration.clusterSeeds.isEmpty {
            self.single = RedisLink(
                eventLoop: eventLoop, configuration: configuration, scripts: scripts, logger: logger)
            self.cluster = nil
        } else {
            self.single = nil
            self.cluster = RedisCluster(
                eventLoop: eventLoop, configuration: configuration, scripts: scripts, logger: logger)
        }
    }

    public func start() {
        self.eventLoop.preconditionInEventLoop()
        self.single?.start()
        self.cluster?.start()
    }

    /// As ``RedisLink/close()``.
    public func close() {
        self.eventLoop.preconditionInEventLoop()
        self.single?.close()
        self.cluster?.close()
        self.isClosed = true
    }

    // MARK: What is

    @inlinable public var isCluster: Bool { self.single == nil }
    /// Whether every command would reach a server.
    public var isReady: Bool { self.single?.isReady ?? self.cluster?.isReady ?? false }
    /// Whether some commands would.
    public var reachesAny: Bool { self.single?.isReady ?? self.cluster?.reachesAny ?? false }
    public var pendingCount: Int { self.single?.pendingCount ?? self.cluster?.pendingCount ?? 0 }
    public var lastFailure: String? { self.single?.lastFailure ?? self.cluster?.lastFailure }
    public var counters: RedisLinkCounters { self.single?.counters ?? self.cluster?.counters ?? RedisLinkCounters() }

    public var state: RedisLinkState {
        if let single { return single.state }
        if self.isClosed { return .closed }
        return self.isReady ? .ready : .connecting
    }

    /// Names the memory behind this connection: another name means that some of it may be gone.
    public var serverRunID: String? {
        guard let cluster else { return self.single?.serverRunID }
        return cluster.map.unserved == 0 ? "cluster-\(cluster.serverChanges)" : nil
    }

    /// The `run_id` of the server that a slot's keys are on.
    public func serverRunID(ofSlot slot: Int) -> String? {
        guard let cluster else { return self.single?.serverRunID }
        return cluster.map.owner(slot).flatMap { cluster.primaries[$0].serverRunID }
    }

    /// The servers that hold keys.
    public var servers: [RedisConfiguration.Endpoint] { self.cluster?.map.nodes ?? [self.configuration.endpoint] }

    // MARK: Sending

    /// As ``RedisLink/send(_:encode:)``. The command's keys all lie in `slot`; waiters that should survive a redirection
    /// must encode again when asked (``RedisWaiter/redisResend(into:)``). Replies of different slots come in any order.
    @inlinable
    public func send(
        _ waiter: RedisWaiter, withinNs: UInt64 = 0, slot: @autoclosure () -> Int, encode: (inout ByteBuffer) -> Void
    ) -> RedisFailure? {
        if let single = self.single { return single.send(waiter, withinNs: withinNs, encode: encode) }
        return self.sendToCluster(waiter, withinNs: withinNs, slot: slot(), encode: encode)
    }

    @usableFromInline
    func sendToCluster(
        _ waiter: RedisWaiter, withinNs: UInt64, slot: Int, encode: (inout ByteBuffer) -> Void
    ) -> RedisFailure? {
        guard let cluster else { return .notConnected }
        return cluster.send(waiter, withinNs: withinNs, slot: slot, encode: encode)
    }

    /// A command without a key, to any server.
    public func sendAnywhere(
        _ waiter: RedisWaiter, withinNs: UInt64 = 0, encode: (inout ByteBuffer) -> Void
    ) -> RedisFailure? {
        if let single = self.single { return single.send(waiter, withinNs: withinNs, encode: encode) }
        guard let cluster else { return .notConnected }
        return cluster.sendAnywhere(waiter, withinNs: withinNs, encode: encode)
    }

    /// A command to one server in particular.
    func send(
        _ waiter: RedisWaiter, to server: RedisConfiguration.Endpoint, encode: (inout ByteBuffer) -> Void
    ) -> RedisFailure? {
        if let single = self.single { return single.send(waiter, encode: encode) }
        guard let link = self.cluster?.links[server] else { return .notConnected }
        return link.send(waiter, withinNs: 0, slot: RedisCluster.oneServer, encode: encode)
    }

    /// As ``RedisLink/register(_:)``, at every server.
    func register(_ script: RedisScript) {
        self.single?.register(script)
        self.cluster?.register(script)
    }
}
