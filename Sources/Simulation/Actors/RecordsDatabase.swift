import Domain

/// What PostgreSQL does for the rest: values that change in transactions, whole or not at all. Whether a transaction
/// took place whose reply was lost, only it knows.
final class RecordsDatabase: Process {
    /// One counter of one epoch; it only rises.
    struct Counter: Hashable {
        let epoch: String
        let meter: Meter
    }

    /// A row of `idempotency_keys`; its result, once there is one.
    private struct Claim {
        var request: ClaimRequest
        var untilMs: Int
        var result: StoredResult?
    }

    private unowned let world: World
    private(set) var counters: [Counter: Int] = [:]
    private var claims: [[UInt8]: Claim] = [:]
    /// The truth about the org.
    private(set) var organisation = OrganisationRecord(version: 1, revoked: [])
    /// Whether the change has to be published still.
    private(set) var isOutboxFull = false
    private var random: SeededRandom

    init(_ world: World) {
        self.world = world
        self.random = SeededRandom(seed: world.scenario.seed, stream: 30)
        super.init("postgres")
        self.begin()
    }

    /// Runs `body` as one transaction and calls back with its result, or nil when that is not known.
    func transaction<Result>(
        for process: Process, _ body: @escaping () -> Result, then: @escaping (Result?) -> Void
    ) {
        let life = self.life
        var isAnswered = false
        func answer(_ result: Result?) {
            guard !isAnswered else { return }
            isAnswered = true
            then(result)
        }
        self.world.scheduler.after(self.world.thinkingUs(), self) {
            let result = body()
            // Its commit may fall to the moment in which it dies.
            self.world.scheduler.after(self.world.thinkingUs(), process) { answer(self.life == life ? result : nil) }
        }
        self.world.scheduler.after(100_000, process) { answer(nil) }
    }

    /// As `Usage.record`: of each counter the highest value counts.
    func record(_ epoch: String, _ counters: [Meter: Int]) {
        for (meter, value) in counters {
            let counter = Counter(epoch: epoch, meter: meter)
            let stored = self.counters[counter] ?? 0
            self.counters[counter] = self.world.plant == .flushAdds ? stored + value : max(stored, value)
        }
    }

    /// Whether all of a journal is recorded.
    func holds(_ epoch: String, _ counters: [Meter: Int]) -> Bool {
        counters.allSatisfy { self.counters[Counter(epoch: epoch, meter: $0.key), default: 0] >= $0.value }
    }

    // MARK: Durable keys

    private var nowMs: Int { self.world.scenario.startMs + self.world.scheduler.nowUs / 1_000 }

    /// Keys that are claimed and have no result, with their owners.
    var runningClaims: [(key: String, owner: [UInt8])] {
        self.claims.values.filter { $0.result == nil }
            .map { (String(decoding: $0.request.keyDigest, as: UTF8.self), $0.request.owner) }.sorted {
                $0.key < $1.key
            }
    }

    /// As `idempotency_keys_claim`.
    func claim(_ wish: DurableClaim) -> DurableVerdict {
        let key = wish.request.keyDigest
        guard let held = self.claims[key] else {
            self.claims[key] = Claim(request: wish.request, untilMs: self.nowMs + wish.claimMs)
            return .claimed
        }
        let first = held.request.requestID
        if held.request.fingerprint != wish.request.fingerprint { return .keyReused(first: first) }
        if let result = held.result { return .finished(result, first: first) }
        if held.request.owner == wish.request.owner { return .claimed }
        if held.untilMs > self.nowMs { return .inProgress(first: first) }
        guard wish.mayRepeat else { return .outcomeUnknown(first: first) }
        self.claims[key] = Claim(request: wish.request, untilMs: self.nowMs + wish.claimMs)
        return .claimed
    }

    /// As `idempotency_keys_settle`: only while it runs and belongs to the attempt.
    func settle(_ settlement: DurableSettlement) {
        let request = settlement.claim.request
        guard let held = self.claims[request.keyDigest], held.result == nil, held.request.owner == request.owner
        else { return }
        switch settlement.ending {
        case .store(let result): self.claims[request.keyDigest]?.result = result
        case .release: self.claims[request.keyDigest] = nil
        case .prolong: self.claims[request.keyDigest]?.untilMs = self.nowMs + settlement.claim.claimMs
        }
    }

    // MARK: Records

    func revoke(_ principal: Int) {
        self.organisation.version += 1
        self.organisation.revoked.insert(principal)
        self.isOutboxFull = true
    }

    func published(_ version: Int) {
        if version == self.organisation.version { self.isOutboxFull = false }
    }

    /// What the meter shows: the sum over the epochs.
    func total(_ name: String, keyID: String) -> Int {
        self.counters.reduce(0) { sum, entry in
            entry.key.meter.name == name && entry.key.meter.keyID == keyID ? sum + entry.value : sum
        }
    }
}
