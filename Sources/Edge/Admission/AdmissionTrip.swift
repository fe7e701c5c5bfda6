import Domain
import HotStore
import NIOCore
import RedisClient

/// One script call on its way to Redis and back, with the batches it decides.
final class AdmissionTrip: RedisWaiter {
    var batches: [AdmissionBatch] = []
    /// How Redis is asked for all of them.
    var store: StoreAccess
    /// How long it may take: what the batch that has waited longest has left.
    var withinNs = 0
    private let gate: AdmissionGate
    /// The call where there are several batches; one alone is copied whole from its template.
    private var call = AdmissionCall()

    init(gate: AdmissionGate, store: StoreAccess) {
        self.gate = gate
        self.store = store
        super.init()
    }

    /// Where all its keys lie in a cluster.
    var slot: Int { self.batches.first?.slot ?? 0 }

    var isLate: Bool { StoreWait.isLate(leftNs: self.withinNs, of: self.store.deadlineNs) }

    /// Makes the call from the batches.
    func encode() {
        guard self.batches.count > 1 else { return }
        for batch in self.batches {
            guard let template = batch.grant?.template else { continue }
            self.call.add(template, AdmissionEntry(count: batch.exchanges.count))
        }
    }

    func append(into output: inout ByteBuffer) {
        if self.batches.count > 1 { return self.call.append(into: &output) }
        guard let batch = self.batches.first else { return }
        batch.grant?.template?.append(count: batch.exchanges.count, into: &output)
    }

    func reset() {
        self.batches.removeAll(keepingCapacity: true)
        if !self.call.isEmpty { self.call.removeAll() }
    }

    override func redisReplied(_ reply: borrowing RedisReply) {
        self.gate.answered(self)
        var place = 1
        var isInStep = true
        for batch in self.batches {
            if isInStep, let template = batch.grant?.template,
                let decided = AdmissionReply(reply, at: &place, template: template)
            {
                batch.decided(decided)
            } else {
                // Where one entry cannot be read, nobody knows where the next begins.
                isInStep = false
                batch.failed(.protocolError)
            }
        }
        self.gate.finished(self)
    }

    override func redisFailed(_ failure: RedisFailure) {
        self.gate.failed(self, failure)
    }

    override func redisResend(into output: inout ByteBuffer) -> Bool {
        guard !self.batches.isEmpty else { return false }
        self.append(into: &output)
        return true
    }
}
