import Domain

/// Everything about a run that its seed decides beforehand: how many take part, what they may do, and what goes wrong.
struct Scenario {
    /// Milliseconds in which a run's processes think; short, so that a run is.
    enum Times {
        static let storeDeadlineMs = 50
        static let storeStallMs = 400
        static let connectMs = 200
        static let claimMs = 5_000
        static let leaseMs = 5_000
        static let heartbeatMs = 1_000
        static let enrolMs = 400
        static let shareMs = 600_000
        static let durableMs = 300
        static let durableAgainMs = 500
        static let headMs = 1_500
        static let poolWaitMs = 400
        static let detachedMs = 3_000
        static let retentionMs = 24 * 3_600_000
        static let clientPatienceMs = 6_000
    }

    let seed: UInt64
    let plant: Plant?
    var gateways = 1
    var clients = 1
    var operationsPerClient = 1
    var loadMs = 1_000
    var fsyncMs = 1_000
    var routes: [RouteKind] = []
    var capacity = 5
    var refillPerSecond = 10
    var inFlightMax = 2
    var quota = 100
    var revokes = false
    /// How many of a hundred keyed operations share a key with others.
    var sharedKeys = 20
    /// How many of a hundred requests the upstream treats badly.
    var trouble = 30
    /// Whether clients act at the same moments.
    var isBursty = false
    /// Whether many requests without keys meet scarce limits, while the store comes and goes.
    var isScarce = false
    var faults: [Fault] = []
    let startMs: Int
    private var plans: [AdmissionPlan] = []

    enum RouteKind: Int, CaseIterable {
        /// Keyed, an ambiguous outcome is final.
        case jobs
        /// Keyed, the upstream honours the key too.
        case trusting
        /// As jobs, and PostgreSQL arbitrates too.
        case durable
        /// Without keys; decided in shared calls, from memory while the store is away.
        case chat
        /// Without keys, few at once.
        case capped

        var isKeyed: Bool {
            switch self {
            case .jobs, .trusting, .durable: true
            case .chat, .capped: false
            }
        }
    }

    init(seed: UInt64, plant: Plant?, losses: Bool) {
        var random = SeededRandom(seed: seed, stream: 1)
        self.seed = seed
        self.plant = plant
        self.gateways = random.within(1...3)
        self.clients = random.within(1...4)
        self.operationsPerClient = random.within(1...5)
        self.loadMs = random.within(300...6_000)
        self.fsyncMs = random.percent(25) ? 0 : 1_000
        // Sometimes minutes before an hour, or a month, ends.
        self.startMs = 1_764_547_200_000 - random.within(0...4_000) - (random.percent(50) ? 3_600_000 : 1_800_000)
        self.routes = RouteKind.allCases.filter { _ in random.percent(60) }
        if self.routes.isEmpty { self.routes = [.jobs] }
        self.capacity = random.within(1...12)
        self.refillPerSecond = random.within(1...20)
        self.inFlightMax = random.within(1...3)
        self.quota = random.percent(20) ? random.within(2...10) : 1_000
        self.revokes = random.percent(15)
        self.sharedKeys = [0, 20, 80][random.below(3)]
        self.trouble = [5, 30, 70][random.below(3)]
        self.isBursty = random.percent(30)
        if random.percent(12) { self.makeScarce(&random) }
        let count = random.percent(15) ? 0 : random.within(1...6)
        for _ in 0..<count { self.faults.append(self.drawFault(&random, losses: losses)) }
        self.faults.sort { $0.atMs < $1.atMs }
        for principal in 0..<Self.principals {
            for route in RouteKind.allCases { self.plans.append(self.makePlan(principal, route)) }
        }
    }

    private mutating func makeScarce(_ random: inout SeededRandom) {
        self.isScarce = true
        self.isBursty = false
        self.routes = [.chat]
        self.clients = 4
        self.operationsPerClient = random.within(10...25)
        self.loadMs = random.within(2_500...6_000)
        self.capacity = random.within(1...6)
        self.refillPerSecond = random.within(1...3)
        self.revokes = false
        if random.percent(50) { return self.makeHeir(&random) }
        for _ in 0..<random.within(1...3) {
            let atMs = random.within(0...self.loadMs)
            let kind: Fault.Kind =
                random.percent(50)
                ? .storeRestarts(.nothing, downMs: random.within(100...2_000))
                : .storeStalls(forMs: random.within(200...1_500))
            self.faults.append(Fault(atMs: atMs, kind: kind))
        }
    }

    /// A gateway dies between two absences of the store.
    private mutating func makeHeir(_ random: inout SeededRandom) {
        self.loadMs = 6_000
        self.operationsPerClient = 40
        self.capacity = random.within(2...12)
        self.refillPerSecond = 1
        let gateway = random.below(self.gateways)
        let downMs = random.within(400...1_500)
        self.faults = [
            Fault(atMs: random.within(1_200...1_800), kind: .storeRestarts(.nothing, downMs: downMs)),
            Fault(atMs: random.within(1_800...3_300), kind: .gatewayDies(gateway, downMs: random.within(1...300))),
            Fault(atMs: random.within(3_800...4_800), kind: .storeRestarts(.nothing, downMs: downMs)),
        ]
    }

    private func drawFault(_ random: inout SeededRandom, losses: Bool) -> Fault {
        let gateway = random.below(self.gateways)
        let downMs = random.percent(30) ? random.within(1...20) : random.within(20...2_500)
        let kind: Fault.Kind
        switch random.below(13) {
        case 0: kind = .gatewayDies(gateway, downMs: downMs)
        case 1: kind = .gatewayDiesAfterAnswer(gateway, downMs: downMs)
        case 2: kind = .gatewayPauses(gateway, forMs: random.percent(20) ? 7_000 : downMs)
        case 3, 4: kind = .storeStalls(forMs: random.within(10...900))
        case 5, 6:
            let all = Fault.StoreLoss.allCases
            kind = .storeRestarts(losses ? all[random.below(all.count)] : .nothing, downMs: downMs)
        case 7, 8: kind = .storeLinkCut(gateway)
        case 9: kind = .storeUnreachable(gateway, forMs: downMs)
        case 10: kind = .workerDies(downMs: downMs)
        case 11: kind = .recordsAway(forMs: downMs)
        default:
            let byMs = random.within(-3_000...3_000)
            kind = random.percent(50) ? .storeClockSteps(byMs: byMs) : .gatewayClockSteps(gateway, byMs: byMs)
        }
        return Fault(atMs: random.within(0...self.loadMs), kind: kind)
    }

    // MARK: What the configuration says

    /// API keys, all of one org.
    static let principals = 2
    static let organisation = "org_1"
    static let requestsMeter = "requests"
    static let tokensMeter = "tokens"

    /// The plan of principal `number` on a route.
    func plan(_ number: Int, _ route: RouteKind) -> AdmissionPlan {
        self.plans[number * RouteKind.allCases.count + route.rawValue]
    }

    private func makePlan(_ number: Int, _ route: RouteKind) -> AdmissionPlan {
        let key = "key_\(number)"
        let limit = Limit(
            name: "burst", scope: .key, capacity: self.capacity, refill: self.refillPerSecond, periodMs: 1_000,
            unit: .requests)
        let rules = (try? BucketRule(limit)).map { [$0] } ?? []
        let isKeyed = route.isKeyed
        return AdmissionPlan(
            orgID: Self.organisation, environment: .live, keyID: key, lineageID: key, routeID: "\(route)",
            groups: [BucketGroup(scope: .key, subject: key, source: .base, rules: rules)],
            quotas: [.init(meter: Self.requestsMeter, limit: self.quota, amount: 1)],
            leases: route == .capped
                ? [.init(name: "flight", scope: .key, subject: key, source: .base, max: self.inFlightMax)] : [],
            leaseMs: Times.leaseMs,
            claims: isKeyed
                ? .init(
                    scope: .org, claimMs: Times.claimMs, retentionMs: Times.retentionMs,
                    upstreamIdempotent: route == .trusting)
                : nil)
    }
}
