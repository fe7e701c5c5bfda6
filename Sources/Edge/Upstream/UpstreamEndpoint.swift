import Domain
import NIOCore
import NIOPosix

/// One loop's connections to one address of an upstream.
final class UpstreamEndpoint {
    let address: ListenAddress
    private let upstream: Upstream
    private let loop: EdgeLoop
    private var machine: PoolMachine<UpstreamConnection, Exchange>
    private var resolved: SocketAddress?
    /// Connect failures in a row, and until when the endpoint is passed over because of them.
    private var failures = 0
    private var ejectedUntilMs = 0
    private var closing = false
    /// For a connection that replaces a broken one while others wait.
    private static let reopenTimeoutMs = 2_000

    init(address: ListenAddress, upstream: Upstream, loop: EdgeLoop) {
        self.address = address
        self.upstream = upstream
        self.loop = loop
        self.machine = PoolMachine(connectionsMax: upstream.connectionsMax, waitersMax: upstream.waitersMax)
        self.resolved = try? SocketAddress(ipAddress: address.host, port: address.port)
    }

    var hasIdle: Bool { self.machine.hasIdle }
    var openConnections: Int { self.machine.open }
    var waiters: Int { self.machine.waiters }

    func isEjected(nowMs: Int) -> Bool { nowMs < self.ejectedUntilMs }

    /// Finds a connection for `exchange`: `exchange.leased` is called now or later, or `leaseFailed`.
    func lease(for exchange: Exchange) {
        switch self.machine.wanted(by: exchange) {
        case .lease(let connection):
            self.give(connection, to: exchange)
        case .openAndWait:
            self.open(timeoutMs: exchange.connectTimeoutMs)
        case .wait:
            break
        case .refuse:
            exchange.leaseFailed(.unavailable, at: self)
        }
    }

    /// Ends a lease; `reusable` says that the connection is in step with its peer.
    func release(_ connection: UpstreamConnection, reusable: Bool) {
        connection.endLease()
        let keep = reusable && connection.isActive && !self.closing
        switch self.machine.released(connection, reusable: keep) {
        case .lease(_, let waiter):
            self.give(connection, to: waiter)
        case .park:
            connection.idleSinceMs = self.loop.nowMs
        case .open:
            self.open(timeoutMs: Self.reopenTimeoutMs)
        case .none:
            break
        }
        if !keep { connection.close() }
    }

    func cancel(_ exchange: Exchange) { _ = self.machine.cancelled(exchange) }

    func idleClosed(_ connection: UpstreamConnection) { _ = self.machine.idleClosed(connection) }

    /// Closes connections idle for too long. The oldest are first in line.
    func sweep(nowMs: Int) {
        while let oldest = self.machine.idle.first, nowMs - oldest.idleSinceMs > self.upstream.idleTimeoutMs {
            _ = self.machine.idleClosed(oldest)
            oldest.close()
        }
    }

    func close() {
        self.closing = true
        for connection in self.machine.drainIdle() { connection.close() }
    }

    private func give(_ connection: UpstreamConnection, to exchange: Exchange) {
        connection.lease(to: exchange)
        exchange.leased(connection)
    }

    private func open(timeoutMs: Int) {
        let bootstrap = ClientBootstrap(group: self.loop.eventLoop)
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            .channelOption(.autoRead, value: false)
            .channelOption(.recvAllocator, value: ReceiveSize(minimum: 512, initial: 2_048, maximum: 65_536))
            .connectTimeout(.milliseconds(Int64(timeoutMs)))
        let bound = NIOLoopBound(self, eventLoop: self.loop.eventLoop)
        let future: EventLoopFuture<any Channel>
        let configured = bootstrap.channelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                let endpoint = bound.value
                try channel.pipeline.syncOperations.addHandler(
                    UpstreamConnection(endpoint: endpoint, earlyReads: endpoint.loop.earlyReads))
            }
        }
        if let resolved {
            future = configured.connect(to: resolved)
        } else {
            future = configured.connect(host: self.address.host, port: self.address.port)
        }
        future.whenComplete { result in
            let endpoint = bound.value
            switch result {
            case .success(let channel):
                endpoint.opened(channel)
            case .failure(let error):
                endpoint.openFailed(error)
            }
        }
    }

    private func opened(_ channel: any Channel) {
        self.failures = 0
        self.ejectedUntilMs = 0
        guard let connection = try? channel.pipeline.syncOperations.handler(type: UpstreamConnection.self) else {
            self.openFailed(ChannelError.ioOnClosedChannel)
            return
        }
        switch self.machine.opened(connection) {
        case .lease(_, let waiter):
            self.give(connection, to: waiter)
        case .park:
            connection.idleSinceMs = self.loop.nowMs
        case .open, .none:
            break
        }
    }

    private func openFailed(_ error: any Error) {
        self.failures += 1
        self.loop.counters.upstreamConnectFailures += 1
        // Passed over for a moment that doubles with each failure in a row, up to ten seconds.
        if self.failures >= 3 { self.ejectedUntilMs = self.loop.nowMs + min(10_000, 250 << min(self.failures, 6)) }
        let failure: UpstreamFailure
        if case .some(.connectTimeout) = error as? ChannelError {
            failure = .connectTimeout
        } else {
            failure = .connectFailed
        }
        if case .fail(let waiter) = self.machine.openFailed() { waiter.leaseFailed(failure, at: self) }
        // Those behind it had counted on this connection too.
        if case .open = self.machine.openForWaiters() { self.open(timeoutMs: Self.reopenTimeoutMs) }
    }
}
