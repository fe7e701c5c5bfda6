import Domain

/// One run: all actors, the network between them, and what is known of the truth.
final class World {
    let scenario: Scenario
    let scheduler = Scheduler()
    let story: Story
    var network: SeededRandom
    private(set) var violations: [Violation] = []
    private var numbers = 0
    private var clientsLeft = 0
    private var unreachableUntilUs: [Int: Int] = [:]
    private var random: SeededRandom

    private(set) lazy var ledger = Ledger(self)
    private(set) lazy var store = StoreProcess(self)
    private(set) lazy var records = RecordsDatabase(self)
    private(set) lazy var upstream = UpstreamProcess(self)
    private(set) lazy var worker = WorkerProcess(self)
    private(set) lazy var gateways = (0..<self.scenario.gateways).map { GatewayProcess(self, number: $0) }
    private(set) lazy var clients = (0..<self.scenario.clients).map { ClientActor(self, number: $0) }
    /// The folder of journals, and what gateways have written down of durable keys, by their journals.
    var journals: [Journal] = []
    var outcomes: [String: [Outcome]] = [:]
    private let nature = Process("nature")

    /// The longest that clients may go on after the load, with all their repetitions.
    private static let patienceMs = 120_000
    /// In which every gateway must ask a store that is well.
    private static let recoveryMs = 10_000

    init(_ scenario: Scenario, tells: Bool) {
        self.scenario = scenario
        self.story = Story(isKept: tells)
        self.network = SeededRandom(seed: scenario.seed, stream: 10)
        self.random = SeededRandom(seed: scenario.seed, stream: 11)
    }

    var plant: Plant? { self.scenario.plant }

    /// Whether clients still have something to do.
    var isBusy: Bool { self.clientsLeft > 0 }

    func note(_ process: Process, _ what: () -> String) {
        self.story.note(self.scheduler.nowUs, process.name, what)
    }

    func violation(_ kind: Violation.Kind, _ detail: String) {
        let violation = Violation(kind: kind, detail: detail, atMs: self.scheduler.nowUs / 1_000)
        self.violations.append(violation)
        self.story.note(self.scheduler.nowUs, "VIOLATION") { "\(violation)" }
    }

    func nextNumber() -> Int {
        self.numbers += 1
        return self.numbers
    }

    /// Mostly well below a millisecond, sometimes much; now and then a segment is lost and sent again.
    func delayUs() -> Int {
        self.network.below(1_000) == 0 ? self.network.within(60_000...900_000) : self.thinkingUs()
    }

    /// Mostly well below a millisecond, sometimes much.
    func thinkingUs() -> Int {
        switch self.network.below(100) {
        case 0: self.network.within(5_000...60_000)
        case 1...5: self.network.within(500...5_000)
        default: self.network.within(40...400)
        }
    }

    /// Whose writer is dead.
    var orphanedOutcomes: [String] {
        let living = Set(self.gateways.compactMap { $0.gateway?.journal.id })
        return self.outcomes.keys.filter { !living.contains($0) }.sorted()
    }

    // MARK: The run

    func run() {
        self.begin()
        self.scheduler.run(untilUs: self.scenario.loadMs * 1_000) { !self.violations.isEmpty }
        guard self.violations.isEmpty else { return self.scheduler.clear() }
        self.story.note(self.scheduler.nowUs, "nature") { "no more faults" }
        let limitUs = self.scheduler.nowUs + Self.patienceMs * 1_000
        self.scheduler.run(untilUs: limitUs) { !self.violations.isEmpty || self.isQuiet }
        if self.violations.isEmpty { self.checkNothingIsOpen() }
        if self.violations.isEmpty { self.flushAndCompare() }
        self.scheduler.clear()
        for gateway in self.gateways { gateway.gateway?.forgetAll() }
    }

    private func begin() {
        self.nature.begin()
        self.store.start()
        self.worker.start()
        for gateway in self.gateways {
            self.scheduler.after(self.random.below(20_000), self.nature) { gateway.start() }
        }
        self.clientsLeft = self.clients.count
        for client in self.clients { client.start() }
        for fault in self.scenario.faults {
            self.scheduler.after(fault.atMs * 1_000, self.nature) { self.happen(fault) }
        }
        if self.scenario.revokes {
            self.scheduler.after(self.random.below(self.scenario.loadMs * 1_000), self.nature) {
                self.note(self.records) { "key_0 is revoked" }
                self.records.revoke(0)
            }
        }
    }

    private var isQuiet: Bool {
        self.clientsLeft == 0 && self.store.isAlive && self.records.isAlive && self.worker.isAlive
            && (self.orphanedOutcomes.isEmpty || self.plant == .outcomesLeft)
            && self.gateways.allSatisfy {
                $0.isAlive && $0.pausedUntilUs <= self.scheduler.nowUs && $0.gateway?.isIdle ?? false
            }
    }

    private func flushAndCompare() {
        let limitUs = self.scheduler.nowUs + 60_000_000
        self.scheduler.run(untilUs: limitUs) {
            self.journals.allSatisfy { self.records.holds($0.id, $0.counters) }
        }
        if self.scheduler.nowUs >= limitUs {
            let left = self.journals.filter { !self.records.holds($0.id, $0.counters) }.map(\.id)
            self.violation(.usageLost, "not in PostgreSQL after a minute: \(left)")
        }
        // Once more, for what must not count a second time.
        let wanted = self.worker.fullScans + 2
        self.scheduler.run(untilUs: limitUs) { self.worker.fullScans >= wanted }
        self.ledger.compareMeters()
        let backUs = self.scheduler.nowUs + Self.recoveryMs * 1_000
        self.scheduler.run(untilUs: backUs) { self.gateways.allSatisfy { $0.gateway?.asksStore ?? true } }
        for gateway in self.gateways where !(gateway.gateway?.asksStore ?? true) {
            self.violation(.staysOpen, "\(gateway.name) does not ask the store, which is well")
        }
    }

    private func checkNothingIsOpen() {
        guard self.clientsLeft == 0 else { return self.violation(.staysOpen, "\(self.clientsLeft) clients wait") }
        for gateway in self.gateways where !(gateway.gateway?.isIdle ?? false) {
            self.violation(.staysOpen, "\(gateway.name): \(gateway.gateway?.unfinished ?? "not running")")
        }
        for (key, owner) in self.records.runningClaims {
            let number = Int(String(decoding: owner.dropFirst(5), as: UTF8.self)) ?? 0
            guard !self.ledger.orphans.contains(number) else { continue }
            self.violation(.keyStuck, "\(key) of PostgreSQL, claimed by req \(number)")
        }
        guard self.ledger.losses == 0 else { return }
        for held in self.store.state.model.claims.values {
            guard case .inFlight(let owner, _) = held.state else { continue }
            let number = Int(String(decoding: owner.dropFirst(5), as: UTF8.self)) ?? 0
            guard !self.ledger.orphans.contains(number) else { continue }
            self.violation(.keyStuck, "claimed by req \(number)")
        }
        for id in self.store.state.model.leases.values.flatMap(\.keys) {
            let number = Int(String(decoding: id.dropFirst(5), as: UTF8.self)) ?? 0
            guard !self.ledger.orphans.contains(number) else { continue }
            self.violation(.staysOpen, "the lease of req \(number)")
        }
    }

    // MARK: For the actors

    func clientDone() { self.clientsLeft -= 1 }

    func isStoreReachable(from number: Int) -> Bool {
        self.unreachableUntilUs[number, default: 0] <= self.scheduler.nowUs
    }

    func syncRequested() { if self.worker.isAlive { self.worker.requestSync() } }

    /// Ends a process and its sockets.
    func kill(_ process: Process) {
        let connections = process.connections
        process.end()
        for connection in connections { connection.died(process) }
    }

    func restart(_ gateway: GatewayProcess, downMs: Int) {
        gateway.die()
        self.scheduler.after(downMs * 1_000, self.nature) { gateway.start() }
    }

    // MARK: Faults

    private func happen(_ fault: Fault) {
        self.note(self.nature) { "\(fault)" }
        switch fault.kind {
        case .gatewayDies(let index, let downMs):
            self.restart(self.gateways[index], downMs: downMs)
        case .gatewayDiesAfterAnswer(let index, let downMs):
            self.gateways[index].diesAfterAnswer = downMs
        case .gatewayPauses(let index, let forMs):
            self.gateways[index].pause(untilUs: self.scheduler.nowUs + forMs * 1_000)
        case .storeStalls(let forMs):
            self.store.pause(untilUs: self.scheduler.nowUs + forMs * 1_000)
        case .storeRestarts(let loss, let downMs):
            guard self.store.isAlive else { return }
            self.store.die(loss)
            self.scheduler.after(downMs * 1_000, self.nature) { self.store.start() }
        case .storeLinkCut(let index):
            self.gateways[index].gateway?.link.cut()
        case .storeUnreachable(let index, let forMs):
            self.unreachableUntilUs[index] = self.scheduler.nowUs + forMs * 1_000
            self.gateways[index].gateway?.link.cut()
        case .workerDies(let downMs):
            self.worker.die()
            self.scheduler.after(downMs * 1_000, self.nature) { self.worker.start() }
        case .recordsAway(let forMs):
            guard self.records.isAlive else { return }
            self.kill(self.records)
            self.scheduler.after(forMs * 1_000, self.nature) { self.records.begin() }
        case .storeClockSteps(let byMs):
            self.store.step(clockByMs: byMs)
        case .gatewayClockSteps(let index, let byMs):
            self.gateways[index].clockAheadMs += byMs
        }
    }
}
