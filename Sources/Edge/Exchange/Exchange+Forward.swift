import Domain
import HTTPWire
import NIOCore

/// From the decision to the last byte of the request: a connection is leased, the head sent, the body streamed with
/// back-pressure.
extension Exchange {
    /// The request is admitted, or needs no admission.
    func forward() {
        self.machine.admitted()
        guard self.handler != nil || self.keyed != nil else { return self.forwardedWithoutClient() }
        self.stage = .waiting
        self.lease(avoiding: nil)
    }

    /// Where the request goes: test keys may have an upstream of their own.
    var pool: UpstreamPool? { self.usesTestPool ? self.route?.testPool : self.route?.pool }

    var usesTestPool: Bool { self.entry?.principal.key.environment == .test }

    func lease(avoiding: UpstreamEndpoint?) {
        guard let route, let pool else { return }
        guard let endpoint = pool.pick(avoiding: avoiding, nowMs: self.loop.nowMs) else {
            return self.upstreamFailed(.unavailable)
        }
        self.endpoint = endpoint
        self.expect(.lease, withinMs: max(pool.upstream.waitTimeoutMs, route.timeouts.connectMs))
        endpoint.lease(for: self)
    }

    /// A connection is ours.
    func leased(_ connection: UpstreamConnection) {
        guard self.machine.phase == .leasing else {
            // Nobody wants it any more; a waiter that gave up was taken out of the queue, so this is a late race.
            connection.endpoint.release(connection, reusable: true)
            return
        }
        self.connection = connection
        self.machine.sent()
        self.loop.counters.upstreamRequests += 1
        if self.loop.logsAccess { self.upstreamStartNs = LoopClock.nowNs() }
        self.stage = .forwarding
        connection.writeAndFlush(self.outgoing)
        // A connection that was reset while idle may end within this write, and the request with it.
        guard self.connection === connection else { return }
        if self.requestBodyEnded { self.loop.earlyReads.expectAnswer(on: connection) }
        if self.requestBodyEnded {
            self.requestSent()
        } else {
            self.expect(.body, withinMs: self.loop.configuration.edge.bodyIdleTimeoutMs)
            self.startBody()
        }
    }

    func leaseFailed(_ failure: UpstreamFailure, at endpoint: UpstreamEndpoint) {
        self.upstreamFailed(failure)
    }

    func leaseTimedOut() {
        self.endpoint?.cancel(self)
        self.upstreamFailed(.unavailable)
    }

    /// The whole request is on its way: now the upstream's time counts.
    func requestSent() {
        if self.machine.phase == .sent {
            self.expect(.responseHead, withinMs: self.route?.timeouts.headMs ?? 60_000)
        }
    }

    /// Body bytes that arrived while the request waited are in the handler.
    private func startBody() {
        guard let handler else { return }
        if self.request.expectsContinue { self.expect(.continueInterim, withinMs: 1_000) }
        var waiting = handler.takeWaiting()
        if waiting.readableBytes > 0 {
            self.bodyRead(&waiting)
            if waiting.readableBytes > 0 { handler.keep(waiting) }
            // No read completes behind these bytes: what there is goes out now.
            self.connection?.flush()
        }
        if self.connection?.isWritable ?? true { handler.resumeReading() }
    }

    /// Takes what belongs to the body out of `buffer`; what is left belongs to the next request.
    func bodyRead(_ buffer: inout ByteBuffer) {
        switch self.stage {
        case .discarding: self.discardBody(&buffer)
        case .gathering: self.gatherBody(&buffer)
        case .forwarding where self.isTunnel: self.tunnelFromClient(&buffer)
        case .forwarding: self.forwardBody(&buffer)
        case .idle, .waiting, .finished: break
        }
    }

    func downstreamReadComplete() {
        if self.stage == .forwarding { self.connection?.flush() }
    }

    /// The upstream takes bytes again.
    func upstreamBecameWritable() { self.handler?.resumeReading() }

    /// The client takes bytes again.
    func downstreamBecameWritable() { self.connection?.resumeReading() }

    /// Nobody has sent a 100 yet and the client may be waiting for it (RFC 9110 §10.1.1).
    func continueTimerFired() {
        self.sendContinue()
        self.expect(.body, withinMs: self.loop.configuration.edge.bodyIdleTimeoutMs)
    }

    func sendContinue() {
        guard self.request.expectsContinue, !self.request.continueSent, let handler else { return }
        self.request.continueSent = true
        handler.writeAndFlush(Self.continueInterim)
    }

    private static let continueInterim = ByteBuffer(string: "HTTP/1.1 100 Continue\r\n\r\n")
}
