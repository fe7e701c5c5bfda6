import Domain
import HotStore
import NIOCore
import RedisClient

/// Where requests of one loop wait for Redis's decision. Requests that are alike (same key, same route, same cost) form
/// a batch: those that arrive in one turn of the loop, and those that arrive while a batch of their kind is under way.
/// Batches that are ready in the same turn share script calls, whoever they are for. The script decides all of it in
/// order, exactly as if each request had been sent alone.
final class AdmissionGate {
    private let loop: EdgeLoop
    /// To be sent at the end of this turn.
    private var opened: [AdmissionBatch] = []
    private var spareBatches: [AdmissionBatch] = []
    private var spareTrips: [AdmissionTrip] = []
    private var isScheduled = false

    /// Requests that may be in one batch.
    static let batchMax = AdmissionTemplate.countMax
    private static let spareMax = 256

    init(loop: EdgeLoop) {
        self.loop = loop
        self.opened.reserveCapacity(256)
        self.spareBatches.reserveCapacity(Self.spareMax)
    }

    /// Puts `exchange` up for decision; it hears through `decided` or `storeFailed`.
    func admit(_ exchange: Exchange, by grant: RouteGrant) {
        // Redis has been too slow: nobody waits for it.
        guard grant.store.breaker.allowsRequests else { return exchange.storeFailed(.notConnected) }
        if let batch = grant.gathering {
            if batch.exchanges.count < Self.batchMax {
                batch.append(exchange)
                // What has waited for Redis before does not wait behind others too.
                if exchange.storeWait.spentNs > 0 { self.open(batch) }
                return
            }
            // Full: it goes now, also behind another of its kind.
            self.open(batch)
        }
        let batch = self.spareBatches.popLast() ?? AdmissionBatch()
        batch.begin(grant, first: exchange)
        grant.gathering = batch
        // While a batch of this kind is under way this one gathers; the other's reply opens it.
        if grant.underWay == 0 || exchange.storeWait.spentNs > 0 {
            self.open(batch)
        } else {
            batch.beginWait(nowNs: LoopClock.nowNs())
        }
    }

    private func open(_ batch: AdmissionBatch) {
        guard !batch.isOpened else { return }
        batch.isOpened = true
        self.opened.append(batch)
        guard !self.isScheduled else { return }
        self.isScheduled = true
        self.loop.eventLoop.assumeIsolated().execute { self.sendOpened() }
    }

    private func sendOpened() {
        self.isScheduled = false
        var batches: [AdmissionBatch] = []
        swap(&batches, &self.opened)
        if self.loop.link.isCluster { Self.bringTogether(&batches) }
        let nowNs = LoopClock.nowNs()
        for batch in batches { batch.beginWait(nowNs: nowNs) }
        var start = 0
        while start < batches.count {
            guard batches[start].leftNs > 0 else {
                self.giveUp(batches[start])
                start += 1
                continue
            }
            let end = self.end(ofCallFrom: start, in: batches)
            let trip = self.spareTrips.popLast() ?? AdmissionTrip(gate: self, store: self.loop.store)
            for index in start..<end { self.put(batches[index], on: trip) }
            self.send(trip)
            start = end
        }
        guard self.opened.isEmpty else { return }
        batches.removeAll(keepingCapacity: true)
        swap(&batches, &self.opened)
    }

    /// Where the script call that begins with a batch ends. One call has one deadline, so batches of routes that wait
    /// differently do not share one, nor do those that have little time left and those that have more; with a cluster it
    /// ends also where the slot does, for a call can have keys of one slot only.
    private func end(ofCallFrom start: Int, in batches: [AdmissionBatch]) -> Int {
        let most = min(start + AdmissionCall.entriesMax, batches.count)
        let store = batches[start].grant?.store
        let isLate = batches[start].isLate
        let slot = self.loop.link.isCluster ? batches[start].slot : nil
        var end = start + 1
        while end < most, batches[end].grant?.store === store, batches[end].isLate == isLate, batches[end].leftNs > 0,
            slot == nil || batches[end].slot == slot
        {
            end += 1
        }
        return end
    }

    /// Puts batches of the same slot behind one another, each slot's in the order they came.
    private static func bringTogether(_ batches: inout [AdmissionBatch]) {
        guard batches.count > 1 else { return }
        let order = batches.indices.map { batches[$0].slot << 32 | $0 }.sorted()
        batches = order.map { batches[$0 & 0xFFFF_FFFF] }
    }

    private func put(_ batch: AdmissionBatch, on trip: AdmissionTrip) {
        guard let grant = batch.grant else { return }
        if grant.gathering === batch { grant.gathering = nil }
        grant.underWay += 1
        grant.template?.period = self.loop.period
        trip.store = grant.store
        trip.withinNs = trip.batches.isEmpty ? batch.leftNs : min(trip.withinNs, batch.leftNs)
        trip.batches.append(batch)
    }

    /// Its requests have waited for as long as they may, and are not sent.
    private func giveUp(_ batch: AdmissionBatch) {
        if let grant = batch.grant, grant.gathering === batch { grant.gathering = nil }
        batch.failed(.notConnected)
        self.recycle(batch)
    }

    private func send(_ trip: AdmissionTrip) {
        trip.encode()
        self.loop.counters.scriptCalls += 1
        let refused = self.loop.link.send(trip, withinNs: UInt64(trip.withinNs), slot: trip.slot) {
            trip.append(into: &$0)
        }
        if let refused { trip.redisFailed(refused) }
    }

    /// Redis has answered in time.
    func answered(_ trip: AdmissionTrip) { trip.store.breaker.succeeded() }

    /// Nobody waits twice: those who gathered behind a call that failed have waited for it already, and are not sent.
    func failed(_ trip: AdmissionTrip, _ failure: RedisFailure) {
        // A call that was given little time says little: neither of Redis, nor for those behind it.
        let isLate = trip.isLate
        if !isLate { self.loop.noteStoreFailure(failure, of: trip.store) }
        var behind: [AdmissionBatch] = []
        for batch in trip.batches where !isLate {
            guard let grant = batch.grant, let next = grant.gathering, next !== batch, !next.isOpened else { continue }
            grant.gathering = nil
            behind.append(next)
        }
        for batch in trip.batches { batch.failed(failure) }
        for batch in behind {
            batch.failed(.notConnected)
            self.recycle(batch)
        }
        self.finished(trip)
    }

    private func recycle(_ batch: AdmissionBatch) {
        batch.reset()
        if self.spareBatches.count < Self.spareMax { self.spareBatches.append(batch) }
    }

    /// Every request of the trip has heard.
    func finished(_ trip: AdmissionTrip) {
        for batch in trip.batches {
            guard let grant = batch.grant else { continue }
            grant.underWay -= 1
            self.recycle(batch)
            if grant.underWay == 0, let next = grant.gathering { self.open(next) }
        }
        trip.reset()
        if self.spareTrips.count < Self.spareMax { self.spareTrips.append(trip) }
    }
}
