import Domain

/// The store: one thread, one state, and a log that is synced now and then. Commands of one connection are executed in
/// order; between connections the order is anybody's guess, even after one of them was closed.
final class StoreProcess: Process {
    private unowned let world: World
    private(set) var state = StoreState()
    private(set) var runID = ""
    private var synced: [StoreState] = [StoreState()]
    private var inbox: [Inbound] = []
    private var clockAheadMs = 0
    private var random: SeededRandom
    private var isSyncDue = false

    private struct Inbound {
        let connection: Connection
        let command: StoreCommand
        let reply: (StoreReply) -> Void
    }

    /// Older copies that it may come back from.
    private static let copiesMax = 4

    init(_ world: World) {
        self.world = world
        self.random = SeededRandom(seed: world.scenario.seed, stream: 20)
        super.init("store")
    }

    var nowMs: Int { self.world.scenario.startMs + self.world.scheduler.nowUs / 1_000 + self.clockAheadMs }

    func start() {
        self.begin()
        self.runID = String(self.random.next() | 1 << 63, radix: 16)
        self.world.note(self) { "runs as \(self.runID.prefix(8))" }
    }

    func die(_ loss: Fault.StoreLoss) {
        guard self.isAlive else { return }
        switch loss {
        case .nothing: break
        case .tail: self.state = self.synced.last ?? StoreState()
        case .older: self.state = self.synced.first ?? StoreState()
        case .everything: self.state = StoreState()
        }
        self.synced = [self.state]
        self.inbox = []
        self.isSyncDue = false
        self.world.note(self) { "dies; lost: \(loss)" }
        self.world.kill(self)
        if loss != .nothing { self.world.ledger.storeLost() }
    }

    func step(clockByMs ms: Int) {
        self.clockAheadMs += ms
        self.world.note(self) { "clock steps by \(ms) ms" }
        self.world.ledger.storeClockStepped(byMs: ms)
    }

    // MARK: Commands

    func receive(_ command: StoreCommand, on connection: Connection, _ reply: @escaping (StoreReply) -> Void) {
        self.inbox.append(Inbound(connection: connection, command: command, reply: reply))
        self.world.scheduler.after(1 + self.random.below(40), self) { self.executeOne() }
    }

    private func executeOne() {
        guard !self.inbox.isEmpty else { return }
        let chosen = self.inbox[self.random.below(self.inbox.count)].connection
        guard let index = self.inbox.firstIndex(where: { $0.connection === chosen }) else { return }
        let inbound = self.inbox.remove(at: index)
        let reply = self.execute(inbound.command)
        inbound.connection.send(from: .listener) { inbound.reply(reply) }
        self.syncSoon()
    }

    private func execute(_ command: StoreCommand) -> StoreReply {
        switch command {
        case .admit(let request, let requests):
            return self.admit(request, requests)
        case .settle(let settlement, let plan, let request):
            return .done(self.settle(settlement, plan, request))
        case .heartbeat(let plan, let claim, let leaseID):
            return .done(self.state.model.heartbeat(plan, claim: claim, leaseID: leaseID, nowMs: self.nowMs).claim)
        case .runID:
            return .runID(self.runID)
        case .ping:
            return .done(true)
        case .fence(let connection):
            self.world.note(self) { "ends connection \(connection.number)" }
            self.inbox.removeAll { $0.connection === connection }
            connection.close(from: .listener)
            return .done(true)
        case .enrol(let renewal, let gateway):
            let grant = self.state.shares.renew(renewal, by: gateway, nowMs: self.nowMs)
            self.world.note(self) {
                "enrols \(gateway), which holds 1/\(renewal.divisor): 1/\(grant.divisor) of \(grant.gateways)\(grant.isStocked ? ", full" : "")"
            }
            return .share(grant)
        case .giveUpShare(let gateway):
            self.state.shares.forget(gateway)
            return .done(true)
        case .version(let organisation):
            return .version(self.state.model.versions[organisation])
        case .record(let organisation):
            return .record(self.state.records[organisation])
        case .publish(let organisation, let record, let word):
            self.state.publish(organisation, record, word: word)
            self.world.note(self) { "publishes \(self.state.model.versions[organisation] ?? "nothing")" }
            return .done(true)
        case .report(let journal, let counters):
            self.state.report(journal, counters)
            return .done(true)
        case .takeDirty:
            defer { self.state.dirty = [] }
            return .names(self.state.dirty.sorted())
        case .hashes:
            return .names(self.state.hashes.keys.sorted())
        case .counters(let name):
            return .counters(self.state.hashes[name] ?? [:])
        }
    }

    private func admit(_ request: AdmissionRequest, _ requests: [Int]) -> StoreReply {
        var request = request
        if self.world.plant == .revokedKeyServed {
            request.versionTag = self.state.model.versions[request.plan.orgID] ?? request.versionTag
        }
        let asked = request.count
        if self.world.plant == .batchTakesOnce { request.count = 1 }
        var result = self.state.model.admit(request, nowMs: self.nowMs)
        if self.world.plant == .batchTakesOnce, case .admitted = result.outcome { result.outcome = .admitted(asked) }
        self.world.note(self) { "admit \(requests) of \(request.plan.keyID): \(result.outcome.words)" }
        if case .admitted(let count) = result.outcome {
            self.world.ledger.storeAdmitted(request, Array(requests.prefix(count)), nowMs: self.nowMs)
        }
        return .admission(result, nowMs: self.nowMs)
    }

    private func settle(_ settlement: Settlement, _ plan: AdmissionPlan, _ request: Int) -> Bool {
        var settlement = settlement
        if self.world.plant == .leaseKept { settlement.leaseID = nil }
        let original = settlement
        if self.world.plant == .strangerSettles, case .claim(var claim, let action) = settlement.guard {
            claim.owner = self.world.ledger.owner(of: claim.keyDigest) ?? claim.owner
            settlement.guard = .claim(claim, action)
        }
        let happened = self.state.model.settle(settlement, plan: plan, nowMs: self.nowMs)
        self.world.note(self) { "settle of req \(request): \(happened)" }
        if happened {
            self.world.ledger.quotaChanged(settlement.quotas, by: request)
            if case .claim(let claim, _) = original.guard { self.world.ledger.claimSettled(claim) }
        }
        if let id = settlement.leaseID { self.world.ledger.leaseEnded(id) }
        return happened
    }

    // MARK: Durability

    private func syncSoon() {
        guard self.world.scenario.fsyncMs > 0 else {
            self.synced = [self.synced[0], self.state]
            return
        }
        guard !self.isSyncDue else { return }
        self.isSyncDue = true
        self.world.scheduler.after(self.world.scenario.fsyncMs * 1_000, self) {
            self.isSyncDue = false
            self.synced.append(self.state)
            if self.synced.count > Self.copiesMax { self.synced.removeFirst() }
        }
    }
}

extension AdmissionOutcome {
    /// For the story.
    var words: String {
        switch self {
        case .admitted(let count): "admitted \(count)"
        case .refused: "refused"
        case .stale: "stale"
        case .periodOver: "period over"
        case .replay: "replay"
        case .inProgress: "in progress"
        case .keyReused: "key reused"
        case .outcomeUnknown: "outcome unknown"
        }
    }
}
