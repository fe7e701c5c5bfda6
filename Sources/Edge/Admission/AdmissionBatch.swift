import Domain
import HotStore
import RedisClient

/// Requests that are alike, decided together: one entry of a script call.
final class AdmissionBatch {
    private(set) var grant: RouteGrant?
    var exchanges: [Exchange] = []
    /// Whether it is to be sent, or was.
    var isOpened = false
    /// Of the request that has waited for Redis longest, once it waits; until it is sent it may not have begun.
    private(set) var wait = StoreWait()
    /// What is left of the deadline when it is sent.
    private(set) var leftNs = 0

    /// Where its keys lie in a cluster.
    var slot: Int { self.grant?.template?.slot ?? 0 }

    var isLate: Bool {
        self.grant.map { StoreWait.isLate(leftNs: self.leftNs, of: $0.store.deadlineNs) } ?? false
    }

    func begin(_ grant: RouteGrant, first: Exchange) {
        self.grant = grant
        self.append(first)
    }

    func append(_ exchange: Exchange) {
        self.exchanges.append(exchange)
        let spentNs = exchange.storeWait.spentNs
        if spentNs > 0 { self.wait.include(spentNs: spentNs, nowNs: LoopClock.nowNs()) }
    }

    /// It waits behind another of its kind, or is sent.
    func beginWait(nowNs: Int) {
        self.wait.begin(nowNs: nowNs)
        if let grant { self.leftNs = self.wait.leftNs(of: grant.store.deadlineNs, nowNs: nowNs) }
    }

    func reset() {
        self.grant = nil
        self.isOpened = false
        self.wait = StoreWait()
        self.exchanges.removeAll(keepingCapacity: true)
    }

    /// Tells each request what it sees from its place.
    func decided(_ reply: AdmissionReply) {
        for index in self.exchanges.indices {
            self.exchanges[index].storeWait = self.wait
            self.exchanges[index].decided(reply, position: index)
        }
    }

    func failed(_ failure: RedisFailure) {
        for exchange in self.exchanges { exchange.storeFailed(failure) }
    }
}
