import Domain
import HotStore
import NIOCore
import RedisClient

/// Leases from Redis, from the first loop, which part of every limit this gateway may spend while Redis is away.
final class GatewayEnrolment {
    private let loop: EdgeLoop
    private let id: String
    private var lease = ShareLease()
    private var nextMs = 0
    /// A renewal that is not answered, or loops that have not taken over what it brought.
    private var isUnderWay = false
    private(set) var hasLeft = false
    /// Gives every loop its part, and says when all have it, and whether nothing was missing in any of their buckets.
    var apply: (ShareLease.Change, @escaping (Bool) -> Void) -> Void = { _, _ in }

    init(loop: EdgeLoop, id: String) {
        self.loop = loop
        self.id = id
    }

    /// Called by the loop's tick.
    func tick(nowMs: Int) {
        guard !self.hasLeft, nowMs >= self.nextMs, !self.isUnderWay, self.loop.link.reachesAny,
            let run = self.loop.link.serverRunID(ofSlot: self.slot)
        else { return }
        self.nextMs = nowMs + self.lease.intervalMs
        self.isUnderWay = true
        self.loop.counters.systemReads += 1
        let waiter = EnrolmentWaiter(self, self.lease.renewal(run: run))
        if self.loop.link.send(waiter, slot: self.slot, encode: waiter.encode) != nil { self.unanswered() }
    }

    /// Whether the gateway is leaving, and Redis has not been told.
    private(set) var isLeaving = false

    /// The gateway stops: its part is the others', once none of its loops spends of it any more.
    func leave() {
        guard !self.hasLeft else { return }
        self.hasLeft = true
        self.isLeaving = true
        let change = self.lease.leaving()
        self.apply(change) { wereFull in
            self.isLeaving = false
            self.lease.changed(change, wereFull: wereFull)
            guard self.loop.link.reachesAny, let run = self.loop.link.serverRunID(ofSlot: self.slot) else { return }
            let waiter = EnrolmentWaiter(self, self.lease.farewell(run: run))
            _ = self.loop.link.send(waiter, slot: self.slot, encode: waiter.encode)
        }
    }

    private var slot: Int { RedisSlot.of(self.loop.keyspace.shares) }

    fileprivate func granted(_ grant: ShareGrant) {
        guard !self.hasLeft, let change = self.lease.granted(grant) else {
            self.isUnderWay = false
            return
        }
        self.apply(change) { wereFull in
            // Another change, that of leaving, may have come in between.
            guard !self.hasLeft else { return }
            self.lease.changed(change, wereFull: wereFull)
            self.isUnderWay = false
            // Others wait for what was given up.
            self.nextMs = 0
        }
    }

    fileprivate func unanswered() {
        self.isUnderWay = false
        self.lease.unanswered()
    }

    fileprivate func encode(_ renewal: ShareRenewal, into output: inout ByteBuffer) {
        EnrolCommand.append(renewal, gateway: self.id, self.loop.keyspace, into: &output)
    }
}

private final class EnrolmentWaiter: RedisWaiter {
    private let enrolment: GatewayEnrolment
    private let renewal: ShareRenewal

    init(_ enrolment: GatewayEnrolment, _ renewal: ShareRenewal) {
        self.enrolment = enrolment
        self.renewal = renewal
        super.init()
    }

    func encode(into output: inout ByteBuffer) { self.enrolment.encode(self.renewal, into: &output) }

    override func redisReplied(_ reply: borrowing RedisReply) {
        if let grant = ShareGrant(reply) { self.enrolment.granted(grant) } else { self.enrolment.unanswered() }
    }

    override func redisFailed(_ failure: RedisFailure) { self.enrolment.unanswered() }

    override func redisResend(into output: inout ByteBuffer) -> Bool {
        self.encode(into: &output)
        return true
    }
}
