import Domain
import Edge

/// One gateway: a process that may be started many times.
final class GatewayProcess: Process {
    let number: Int
    private unowned let world: World
    private(set) var gateway: Gateway?
    var clockAheadMs = 0
    var diesAfterAnswer: Int?

    init(_ world: World, number: Int) {
        self.world = world
        self.number = number
        super.init("gateway-\(number)")
    }

    func start() {
        guard !self.isAlive else { return }
        self.begin()
        self.world.note(self) { "starts" }
        let gateway = Gateway(self.world, self)
        self.gateway = gateway
        gateway.start()
    }

    func die() {
        guard self.isAlive else { return }
        self.world.note(self) { "dies" }
        self.gateway?.reportAbandoned()
        self.gateway?.forgetAll()
        self.gateway = nil
        self.diesAfterAnswer = nil
        self.world.kill(self)
    }
}

/// What a gateway process holds in one life: the shell of one event loop of the edge, around the machines that the edge
/// runs on. The facets: +Deciding, +Alone, +Durable, +Forwarding, +Settling, +Reporting.
final class Gateway {
    unowned let world: World
    unowned let process: GatewayProcess
    let link: StoreLink
    var pool = PoolMachine<UpstreamConnection, Exchange>(connectionsMax: 3, waitersMax: 4)
    var exchanges: [Exchange] = []
    var principals: [Int: CachedPrincipal] = [:]
    var lookups: [Int: Lookup] = [:]
    var gates: [GateName: Gate] = [:]
    var unsent: [SettlementUnderWay] = []
    /// Settlements that were sent and not answered yet.
    var settling: [SettlementUnderWay] = []
    var breaker: StoreBreaker
    var lease = ShareLease(intervalMs: Scenario.Times.enrolMs, keepMs: Scenario.Times.shareMs)
    var shares = LocalShares()
    /// Gateways that are dead for certain, as the store is to hear.
    var gone: [String] = []
    /// What the store said last of the quotas.
    var quotaUsed: [QuotaView: [Int]] = [:]
    /// What was taken of a month's quota without the store, which is to hear of it.
    var quotaTaken: [Int: Int] = [:]
    /// What became of durable keys, until PostgreSQL has it.
    var outbox: DurableOutbox
    /// Requests that PostgreSQL was asked about in this life.
    var durableAsked: Set<Int> = []
    let journal: Journal
    /// Own and taken over.
    var journals: [Journal]
    /// What the store that is reached now has confirmed of each journal.
    var reported: [String: [Meter: Int]] = [:]
    var isTickSet = false
    var isReportSet = false
    var isBeating = false
    var isEnrolling = false

    init(_ world: World, _ process: GatewayProcess) {
        self.world = world
        self.process = process
        self.link = StoreLink(
            world, owner: process, number: process.number, deadlineMs: Scenario.Times.storeDeadlineMs)
        var bounds = DurableOutbox.Bounds()
        bounds.againAfterMs = Scenario.Times.durableAgainMs
        self.outbox = DurableOutbox(bounds)
        self.breaker = StoreBreaker(seed: world.scenario.seed &+ UInt64(process.number))
        self.journal = Journal(id: "journal-\(process.number).\(process.life)", owner: process)
        world.journals.append(self.journal)
        self.journals = [self.journal]
    }

    /// By a clock that does not step.
    var nowMs: Int { self.world.scheduler.nowUs / 1_000 }

    /// Whether requests ask the store.
    var asksStore: Bool { self.link.isReady && self.breaker.allowsRequests }

    var wallMs: Int { self.world.scenario.startMs + self.world.scheduler.nowUs / 1_000 + self.process.clockAheadMs }

    func start() {
        self.link.onServerChange = { [unowned self] in
            // Another store knows other epochs: nothing learnt from the old one is trusted.
            self.principals = [:]
            self.quotaUsed = [:]
            // Another store may have forgotten: everything is told again.
            if self.world.plant != .reportedOnce { self.reported = [:] }
            self.world.syncRequested()
        }
        self.link.onReady = { [unowned self] in
            self.tickSoon()
            self.reportSoon(1)
        }
        self.link.start()
        self.takeOver()
        self.beginSharing()
    }

    func note(_ what: () -> String) { self.world.note(self.process, what) }

    func after(_ delayMs: Int, _ action: @escaping () -> Void) {
        self.world.scheduler.after(delayMs * 1_000, self.process, action)
    }

    /// Whether everything that came has been dealt with.
    var isIdle: Bool {
        self.exchanges.isEmpty && self.unsent.isEmpty && self.settling.isEmpty && self.quotaTaken.isEmpty
            && self.outbox.waiting == 0
            && self.lookups.isEmpty && self.pool.leased == 0 && self.pool.waiters == 0
    }

    var unfinished: String {
        """
        \(self.exchanges.count) exchanges \(self.exchanges.map { "\($0.number) \($0.machine.phase)" }), \
        \(self.unsent.count) unsent and \(self.settling.count) unanswered settlements,\
        \(self.outbox.waiting) of durable keys, \(self.lookups.count) look-ups, \(self.pool.leased) leased, \(self.pool.waiters) waiters
        """
    }

    /// What the process takes with it when it dies.
    func reportAbandoned() {
        for exchange in self.exchanges { self.world.ledger.abandoned(exchange.number) }
        for settlement in self.unsent + self.settling { self.world.ledger.orphans.insert(settlement.request) }
        // What was written down of them is settled by whoever finds it.
        let written = self.world.outcomes[self.journal.id]?.map(\.request) ?? []
        self.world.ledger.orphans.formUnion(self.durableAsked.subtracting(written))
    }

    /// Lets go of what holds this in cycles.
    func forgetAll() {
        self.exchanges = []
        self.lookups = [:]
        self.gates = [:]
        self.unsent = []
        self.settling = []
        self.quotaTaken = [:]
    }

    // MARK: Requests

    func receive(_ attempt: Attempt) {
        let exchange = Exchange(number: attempt.number, attempt: attempt)
        self.exchanges.append(exchange)
        attempt.connection.onClose(.listener) { self.clientGone(exchange) }
        self.identify(exchange)
    }

    /// The gateway's own answer.
    func refuse(_ exchange: Exchange, _ code: ProblemCode) {
        exchange.machine.refused()
        self.respond(exchange, code)
    }

    func respond(_ exchange: Exchange, _ code: ProblemCode) {
        self.note { "answers req \(exchange.number) with \(code.rawValue)" }
        self.say(.problem(code), to: exchange)
        self.finish(exchange)
    }

    func say(_ message: ClientMessage, to exchange: Exchange) {
        guard exchange.hasClient else { return }
        let attempt = exchange.attempt
        attempt.connection.send(from: .listener) { attempt.hears(message) }
    }

    func finish(_ exchange: Exchange) {
        exchange.isFinished = true
        exchange.deadline += 1
        self.exchanges.removeAll { $0 === exchange }
    }

    /// The client is gone (STANDARDS §1, row l).
    func clientGone(_ exchange: Exchange) {
        guard !exchange.isFinished else { return }
        self.note { "req \(exchange.number): the client is gone" }
        exchange.hasClient = false
        switch exchange.machine.clientClosed() {
        case .ignore:
            break
        case .drop(let key):
            guard exchange.machine.phase == .finished else { return }
            _ = self.pool.cancelled(exchange)
            self.settle(exchange, .init(key: key, meter: .void))
            self.finish(exchange)
        case .cancel:
            self.abandonUpstream(exchange)
            self.settle(exchange, .init(key: .none, meter: exchange.headSent ? .count : .void))
            self.finish(exchange)
        case .drain:
            if self.world.plant == .keyFreedByClient {
                self.abandonUpstream(exchange)
                self.settle(exchange, .init(key: .release, meter: .void))
                return self.finish(exchange)
            }
            exchange.totalDeadlineUs = self.world.scheduler.nowUs + Scenario.Times.detachedMs * 1_000
            self.expect(exchange, withinMs: exchange.machine.phase == .sent ? Scenario.Times.headMs : 60_000)
        }
    }
}
