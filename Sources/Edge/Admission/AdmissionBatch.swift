import HotStore
import RedisClient

/// Requests that are alike, decided together: one entry of a script call.
final class AdmissionBatch {
    private(set) var grant: RouteGrant?
    var exchanges: [Exchange] = []
    /// Whether it is to be sent, or was.
    var isOpened = false

    /// Where its keys lie in a cluster.
    var slot: Int { self.grant?.template?.slot ?? 0 }

    func begin(_ grant: RouteGrant, first: Exchange) {
        self.grant = grant
        self.exchanges.append(first)
    }

    func reset() {
        self.grant = nil
        self.isOpened = false
        self.exchanges.removeAll(keepingCapacity: true)
    }

    /// Tells each request what it sees from its place.
    func decided(_ reply: AdmissionReply) {
        for index in self.exchanges.indices { self.exchanges[index].decided(reply, position: index) }
    }

    func failed(_ failure: RedisFailure) {
        for exchange in self.exchanges { exchange.storeFailed(failure) }
    }
}
