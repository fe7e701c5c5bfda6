import Domain
import HotStore
import NIOCore
import RedisClient

/// Where requests of one loop wait for Redis's decision. Requests that are alike (same key, same route, same cost)
/// share one script call: those that arrive in one turn of the loop, and those that arrive while a call of their kind
/// is under way. The script decides a batch in order, exactly as if each had been sent alone.
final class AdmissionGate {
    private let loop: EdgeLoop
    private var opened: [AdmissionBatch] = []
    private var spare: [AdmissionBatch] = []
    private var isScheduled = false

    /// Requests that may share a call.
    static let batchMax = 512
    private static let spareMax = 256

    init(loop: EdgeLoop) {
        self.loop = loop
        self.opened.reserveCapacity(256)
        self.spare.reserveCapacity(Self.spareMax)
    }

    /// Puts `exchange` up for decision; it hears through `decided` or `storeFailed`.
    func admit(_ exchange: Exchange, by grant: RouteGrant) {
        if let batch = grant.gathering, batch.exchanges.count < Self.batchMax {
            batch.exchanges.append(exchange)
            return
        }
        let batch = self.spare.popLast() ?? AdmissionBatch(gate: self)
        batch.begin(grant, first: exchange)
        grant.gathering = batch
        // While a call of this kind is under way the batch gathers; its reply sends it.
        guard grant.underWay == 0 else { return }
        self.opened.append(batch)
        self.schedule()
    }

    private func schedule() {
        guard !self.isScheduled else { return }
        self.isScheduled = true
        self.loop.eventLoop.assumeIsolated().execute { self.sendOpened() }
    }

    private func sendOpened() {
        self.isScheduled = false
        for index in self.opened.indices { self.send(self.opened[index]) }
        self.opened.removeAll(keepingCapacity: true)
    }

    fileprivate func send(_ batch: AdmissionBatch) {
        guard let grant = batch.grant else { return }
        if grant.gathering === batch { grant.gathering = nil }
        grant.underWay += 1
        self.loop.counters.scriptCalls += 1
        let count = batch.exchanges.count
        let template = grant.template
        template?.period = self.loop.period
        if let failure = self.loop.link.send(batch, encode: { template?.append(count: count, into: &$0) }) {
            batch.redisFailed(failure)
        }
    }

    fileprivate func finished(_ batch: AdmissionBatch, _ grant: RouteGrant) {
        grant.underWay -= 1
        batch.reset()
        if self.spare.count < Self.spareMax { self.spare.append(batch) }
        if grant.underWay == 0, let next = grant.gathering { self.send(next) }
    }
}

/// Requests that share one script call.
final class AdmissionBatch: RedisWaiter {
    fileprivate(set) var grant: RouteGrant?
    fileprivate(set) var exchanges: [Exchange] = []
    private let gate: AdmissionGate

    fileprivate init(gate: AdmissionGate) {
        self.gate = gate
        super.init()
    }

    fileprivate func begin(_ grant: RouteGrant, first: Exchange) {
        self.grant = grant
        self.exchanges.append(first)
    }

    fileprivate func reset() {
        self.grant = nil
        self.exchanges.removeAll(keepingCapacity: true)
    }

    override func redisReplied(_ reply: borrowing RedisReply) {
        guard let grant else { return }
        guard let template = grant.template, let decided = AdmissionReply(reply, template: template) else {
            return self.redisFailed(.protocolError)
        }
        for index in self.exchanges.indices { self.exchanges[index].decided(decided, position: index) }
        self.gate.finished(self, grant)
    }

    override func redisFailed(_ failure: RedisFailure) {
        guard let grant else { return }
        for exchange in self.exchanges { exchange.storeFailed(failure) }
        self.gate.finished(self, grant)
    }

    override func redisResend(into output: inout ByteBuffer) -> Bool {
        guard let grant else { return false }
        grant.template?.append(count: self.exchanges.count, into: &output)
        return true
    }
}
