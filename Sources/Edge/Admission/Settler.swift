import Domain
import HotStore
import Logging
import NIOCore
import RedisClient

/// Sends what admitted requests leave behind, and keeps claims and leases of long requests alive. A settlement that Redis
/// did not confirm is sent again until it is; its guard makes the second time harmless. The queue is bounded, and what
/// falls out of it is counted and logged.
final class Settler {
    private let loop: EdgeLoop
    private var unsent = CircularBuffer<SettleWaiter>()
    private var spare: [SettleWaiter] = []
    private var nextHeartbeatMs = 0

    private static let unsentMax = 65_536
    /// Claims and leases last half a minute longer than a request may; they are prolonged long before.
    private static let heartbeatMs = 10_000

    init(loop: EdgeLoop) {
        self.loop = loop
    }

    /// Settlements that wait for Redis.
    var waiting: Int { self.unsent.count }

    func settle(_ settlement: Settlement, _ template: AdmissionTemplate, address: ByteBuffer?) {
        let waiter = self.spare.popLast() ?? SettleWaiter(settler: self)
        waiter.begin(settlement, template, address)
        self.loop.counters.settles += 1
        self.send(waiter)
    }

    private func send(_ waiter: SettleWaiter) {
        if self.loop.link.send(waiter, slot: waiter.slot, encode: { waiter.encode(into: &$0) }) != nil {
            self.failed(waiter)
        }
    }

    fileprivate func confirmed(_ waiter: SettleWaiter) {
        waiter.end()
        if self.spare.count < 256 { self.spare.append(waiter) }
    }

    fileprivate func failed(_ waiter: SettleWaiter) {
        guard self.unsent.count < Self.unsentMax else {
            self.loop.counters.settlesFailed += 1
            self.loop.logger.error("a settlement was dropped: Redis has been away for too long")
            waiter.end()
            return
        }
        self.unsent.append(waiter)
    }

    /// Called by the loop's tick.
    func tick(nowMs: Int, exchanges: [Exchange]) {
        if !self.unsent.isEmpty, self.loop.asksStore {
            // What fails again comes back to the end of the queue.
            for _ in 0..<min(self.unsent.count, 1_024) {
                guard let waiter = self.unsent.popFirst() else { break }
                self.send(waiter)
            }
        }
        guard nowMs >= self.nextHeartbeatMs else { return }
        self.nextHeartbeatMs = nowMs + Self.heartbeatMs
        for exchange in exchanges where exchange.isClaiming {
            self.prolong(exchange)
            exchange.prolongDurable()
        }
    }

    private func prolong(_ exchange: Exchange) {
        guard let template = exchange.grant?.template else { return }
        let leaseID = template.plan.leases.isEmpty ? nil : exchange.leaseBytes
        let (claim, address) = (exchange.claimRequest, exchange.addressBytes(template.plan))
        let waiter = EncodingWaiter { output in
            HeartbeatCommand.append(
                claim: claim, leaseID: leaseID, template: template, address: address, into: &output)
        }
        _ = self.loop.link.send(waiter, slot: template.slot, encode: waiter.encode)
    }

    /// Tells the usage worker which meter hashes have something new.
    func markDirty(_ names: [String]) {
        self.loop.counters.systemReads += 1
        let keyspace = self.loop.keyspace
        let waiter = EncodingWaiter { output in
            RESPWriter.beginCommand(argumentCount: names.count + 2, into: &output)
            RESPWriter.append("SADD", into: &output)
            RESPWriter.append(keyspace.dirty, into: &output)
            for name in names { RESPWriter.append(name, into: &output) }
        }
        _ = self.loop.link.send(waiter, slot: RedisSlot.of(keyspace.dirty), encode: waiter.encode)
    }
}

/// A command whose answer does not matter; it survives a flush of scripts and a redirection all the same.
private final class EncodingWaiter: RedisWaiter {
    let encode: (inout ByteBuffer) -> Void

    init(_ encode: @escaping (inout ByteBuffer) -> Void) {
        self.encode = encode
        super.init()
    }

    override func redisResend(into output: inout ByteBuffer) -> Bool {
        self.encode(&output)
        return true
    }
}

/// One settlement on its way.
private final class SettleWaiter: RedisWaiter {
    private let settler: Settler
    private var settlement: Settlement?
    private var template: AdmissionTemplate?
    private var address: ByteBuffer?

    init(settler: Settler) {
        self.settler = settler
        super.init()
    }

    func begin(_ settlement: Settlement, _ template: AdmissionTemplate, _ address: ByteBuffer?) {
        self.settlement = settlement
        self.template = template
        self.address = address
    }

    func end() {
        self.settlement = nil
        self.template = nil
        self.address = nil
    }

    var slot: Int { self.template?.slot ?? 0 }

    func encode(into output: inout ByteBuffer) {
        guard let settlement, let template else { return }
        SettleCommand.append(settlement, template: template, address: self.address, into: &output)
    }

    override func redisReplied(_ reply: borrowing RedisReply) { self.settler.confirmed(self) }

    override func redisFailed(_ failure: RedisFailure) { self.settler.failed(self) }

    override func redisResend(into output: inout ByteBuffer) -> Bool {
        guard self.settlement != nil else { return false }
        self.encode(into: &output)
        return true
    }
}
