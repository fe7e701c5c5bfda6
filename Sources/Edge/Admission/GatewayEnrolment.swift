import Domain
import HotStore
import NIOCore
import RedisClient

/// Keeps this gateway counted among those that are alive, from its first loop, and so knows how many share the limits when
/// Redis is away.
final class GatewayEnrolment {
    private let loop: EdgeLoop
    private let id: String
    private var lease: ShareLease
    private var nextMs = 0
    private var isUnderWay = false
    /// Told the number of gateways whenever it is known; from the loop.
    var announce: (Int) -> Void = { _ in }

    private static let intervalMs = 1_000
    /// A gateway that is cut off from Redis goes on counting for so long.
    private static let keepMs = 30_000

    init(loop: EdgeLoop, id: String) {
        self.loop = loop
        self.id = id
        self.lease = ShareLease(intervalMs: Self.intervalMs)
    }

    /// Called by the loop's tick.
    func tick(nowMs: Int) {
        guard nowMs >= self.nextMs, !self.isUnderWay, self.loop.link.reachesAny else { return }
        self.nextMs = nowMs + Self.intervalMs
        self.isUnderWay = true
        self.loop.counters.systemReads += 1
        let waiter = EnrolmentWaiter(self, keepMs: Self.keepMs)
        if self.loop.link.send(waiter, slot: self.slot, encode: waiter.encode) != nil { self.isUnderWay = false }
    }

    /// The gateway stops: its share is the others'.
    func leave() {
        guard self.loop.link.reachesAny else { return }
        let waiter = EnrolmentWaiter(self, keepMs: 0)
        _ = self.loop.link.send(waiter, slot: self.slot, encode: waiter.encode)
    }

    private var slot: Int { RedisSlot.of(self.loop.keyspace.gateways) }

    fileprivate func replied(_ gateways: Int?) {
        self.isUnderWay = false
        guard let gateways else { return }
        self.lease.renewed(gateways: gateways, nowMs: self.loop.nowMs)
        if let leased = self.lease.gateways { self.announce(leased) }
    }

    fileprivate func encode(keepMs: Int, into output: inout ByteBuffer) {
        EnrolCommand.append(gateway: self.id, keepMs: keepMs, self.loop.keyspace, into: &output)
    }
}

private final class EnrolmentWaiter: RedisWaiter {
    private let enrolment: GatewayEnrolment
    private let keepMs: Int

    init(_ enrolment: GatewayEnrolment, keepMs: Int) {
        self.enrolment = enrolment
        self.keepMs = keepMs
        super.init()
    }

    func encode(into output: inout ByteBuffer) { self.enrolment.encode(keepMs: self.keepMs, into: &output) }

    override func redisReplied(_ reply: borrowing RedisReply) {
        self.enrolment.replied(self.keepMs > 0 ? reply.integer.map { Int($0) } : nil)
    }

    override func redisFailed(_ failure: RedisFailure) { self.enrolment.replied(nil) }

    override func redisResend(into output: inout ByteBuffer) -> Bool {
        self.encode(into: &output)
        return true
    }
}
