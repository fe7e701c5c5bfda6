import Domain
import HTTPWire
import HotStore
import Journal
import Logging
import NIOCore
import RedisClient

/// Everything one event loop needs to serve requests alone: its Redis connection, what it remembers of keys, its
/// upstream pools, its counters. Bound to its loop, shared with nobody.
final class EdgeLoop {
    let eventLoop: any EventLoop
    let index: Int
    let logger: Logger
    let link: RedisRouter
    let keyspace: Keyspace
    let accessSink: AccessLogSink?
    let keys: KeyCache
    let durableKeys: DurableKeys?
    let viaName: [UInt8]
    let headLimits: HeadLimits
    let connectionsMax: Int
    let logsAccess: Bool
    private let dependencies: EdgeServer.Dependencies
    private(set) var configuration: Configuration
    private(set) var routes: [CompiledRoute] = []
    private(set) var routeTable: RouteTable
    private(set) var showsLegacyLimits: Bool
    private var pools: [String: UpstreamPool] = [:]
    private(set) var trustedProxies: [CIDRBlock]
    private(set) lazy var gate = AdmissionGate(loop: self)
    private(set) lazy var settler = Settler(loop: self)
    private(set) lazy var local = LocalAdmission(loop: self)
    private(set) lazy var system = SystemWatch(loop: self)
    /// What `system` knows.
    var isInMaintenance = false
    /// Hour and month by Redis's clock, as far as it is known.
    private(set) var period = UsagePeriod(atMs: LoopClock.wallMs())
    private var redisAheadMs = 0
    /// What this loop has served, written down.
    let ledger: UsageLedger
    /// How Redis is asked where no route says otherwise; and all ways there are.
    private(set) lazy var store = StoreAccess(deadlineMs: nil, loop: self)
    private var stores: [StoreAccess] = []
    /// On the first loop only: what one loop does for the whole process.
    private(set) var reporter: UsageReporter?
    private(set) var enrolment: GatewayEnrolment?

    var counters: EdgeCounters
    var accessLog: AccessLogBuffer
    var random = FastRandom()
    var date = HTTPDateCache()
    var addressLimiter: AddressLimiter
    /// Monotonic milliseconds of the last tick or request; good to a tick.
    private(set) var nowMs = LoopClock.nowNs() / 1_000_000
    private(set) var wallMs = LoopClock.wallMs()
    private(set) var draining = false

    /// Scratch for parsing, used within one call and never across calls.
    var requestHead = RequestHead()
    var responseHead = ResponseHead()
    var rewrittenPath = ByteBuffer()
    let earlyReads: EarlyReads
    /// For the heads of requests in progress.
    var spareBuffers = SpareBuffers()

    /// Every connection's exchange, for deadlines; an exchange knows its place.
    private var exchanges: [Exchange] = []
    /// Principals whose last use is to be told.
    private var touched = CircularBuffer<PrincipalEntry>()
    /// How many of them this second's ticks tell, and each of them.
    private var usesDue = 0
    private var usesPerTick = 0
    private var logBatchesWaiting = 0
    private var ticks = 0
    private var ticker: RepeatedTask?

    /// How finely deadlines are kept.
    static let tickMs = 50
    /// So few last uses that one tick tells them all.
    private static let usesPerTickMin = 512

    init(
        eventLoop: any EventLoop, index: Int, configuration: Configuration, dependencies: EdgeServer.Dependencies,
        accessSink: AccessLogSink?, loops: Int
    ) {
        self.eventLoop = eventLoop
        self.earlyReads = EarlyReads(eventLoop: eventLoop)
        self.index = index
        self.configuration = configuration
        self.dependencies = dependencies
        self.logger = dependencies.logger
        self.accessSink = accessSink
        var redis = dependencies.redis
        // A claim that is given up must not be made afterwards.
        redis.fencesLostConnections = true
        self.link = RedisRouter(
            eventLoop: eventLoop, configuration: redis, scripts: HotScripts.edge,
            logger: dependencies.logger)
        self.keyspace = Keyspace(prefix: configuration.redis.keyPrefix)
        self.keys = KeyCache(configuration, fallback: dependencies.keyFallback)
        self.durableKeys = dependencies.durableKeys
        self.viaName = Array(configuration.edge.viaName.utf8)
        self.headLimits = HeadLimits(
            startLineBytesMax: configuration.edge.requestLineBytesMax, sectionBytesMax: configuration.edge.headBytesMax,
            fieldsMax: configuration.edge.headFieldsMax)
        self.connectionsMax = max(1, configuration.edge.connectionsMax / max(1, loops))
        self.logsAccess = accessSink != nil
        self.trustedProxies = configuration.edge.trustedProxies.compactMap { CIDRBlock($0) }
        self.routeTable = RouteTable(configuration.routes)
        self.showsLegacyLimits = configuration.edge.legacyRateLimitFields
        self.counters = EdgeCounters(routes: configuration.routes.count)
        self.accessLog = AccessLogBuffer(bytesMax: configuration.logging.accessLogBufferBytes)
        self.addressLimiter = AddressLimiter(configuration.edge.addressLimit, loops: loops)
        self.ledger = UsageLedger(logger: dependencies.logger)
    }

    // MARK: Life

    func start() {
        self.keys.attach(to: self)
        self.compile(self.configuration)
        self.link.onServerChange = { [dependencies, unowned self] before, now in
            // Another Redis knows other epochs: nothing learnt from the old one is trusted.
            self.keys.forgetAll()
            self.reporter?.redisChanged()
            dependencies.redisChanged?(before, now)
        }
        self.link.start()
        self.ticker = self.eventLoop.scheduleRepeatedTask(
            initialDelay: .milliseconds(Int64(Self.tickMs)), delay: .milliseconds(Int64(Self.tickMs))
        ) { [bound = NIOLoopBound(self, eventLoop: self.eventLoop)] _ in bound.value.tick() }
    }

    /// Goes on counting in another journal; the first loop also tells Redis of it.
    func use(_ journal: JournalFile) {
        self.ledger.use(journal, region: self.index)
        guard self.index == 0 else { return }
        let reporter = self.reporter ?? UsageReporter(loop: self)
        reporter.follow(journal)
        self.reporter = reporter
    }

    /// Makes this loop the one that leases its process's part of the limits.
    func enrol(as id: String, apply: @escaping (ShareLease.Change, @escaping (Bool) -> Void) -> Void) {
        let enrolment = GatewayEnrolment(loop: self, id: id)
        enrolment.apply = apply
        self.enrolment = enrolment
    }

    /// Takes this loop's part of the process's. Returns whether nothing was missing in any bucket.
    func take(_ change: ShareLease.Change, loops: Int) -> Bool {
        self.local.share(among: change.divisor * loops, isStocked: change.isStocked, nowMs: self.monotonicMs())
    }

    /// Takes a new configuration into use between two requests. Exchanges under way keep their routes.
    func reload(_ configuration: Configuration) {
        self.configuration = configuration
        self.trustedProxies = configuration.edge.trustedProxies.compactMap { CIDRBlock($0) }
        self.routeTable = RouteTable(configuration.routes)
        self.showsLegacyLimits = configuration.edge.legacyRateLimitFields
        self.counters.resize(routes: configuration.routes.count)
        self.keys.forgetAll()
        self.compile(configuration)
    }

    private func compile(_ configuration: Configuration) {
        var pools: [String: UpstreamPool] = [:]
        for upstream in configuration.upstreams {
            if let kept = self.pools[upstream.name], kept.upstream == upstream {
                pools[upstream.name] = kept
            } else {
                pools[upstream.name] = UpstreamPool(upstream, loop: self)
            }
        }
        for (name, pool) in self.pools where pools[name] !== pool { pool.close() }
        self.pools = pools
        self.local.follow(configuration)
        var stores = [self.store]
        self.routes = configuration.routes.enumerated().map { index, route in
            // Those that know better than their loop keep what they have seen of Redis over a reload.
            let known = (stores + self.stores).first { $0.deadlineMs == route.storeDeadlineMs }
            let store = known ?? StoreAccess(deadlineMs: route.storeDeadlineMs, loop: self)
            if !stores.contains(where: { $0 === store }) { stores.append(store) }
            // Validation has made sure that the names exist; an empty pool answers 503.
            let pool = pools[route.upstream] ?? UpstreamPool(Upstream(name: route.upstream, endpoints: []), loop: self)
            let testPool = route.testUpstream.flatMap { pools[$0] } ?? pool
            return CompiledRoute(index: index, route: route, pool: pool, testPool: testPool, store: store)
        }
        self.stores = stores
    }

    func beginDraining() {
        self.draining = true
        self.enrolment?.leave()
        for exchange in self.exchanges where exchange.isIdle { exchange.handler?.closeAfterAnswer(unreadInput: false) }
    }

    /// Exchanges that are not done, and settlements that Redis has not confirmed.
    var unfinished: Int {
        self.exchanges.count { $0.isUnfinished } + self.link.pendingCount
            + (self.link.reachesAny ? self.settler.waiting + (self.reporter?.waiting ?? 0) : 0)
            + (self.enrolment?.isLeaving ?? false ? 1 : 0)
    }

    /// What this loop knows of failures; the journal's part comes from the first.
    var failureGauges: EdgeMetrics.Gauges {
        var gauges = EdgeMetrics.Gauges()
        gauges.requestsOpen = self.ledger.open
        gauges.loopsWithoutStore = self.isStoreAway ? 1 : 0
        gauges.usageUnreported = self.reporter?.waiting ?? 0
        gauges.sharers = self.local.sharers
        gauges.local = self.local.figures(nowMs: self.monotonicMs())
        gauges.balance = self.reporter?.balance ?? gauges.balance
        return gauges
    }

    /// Upstream connections of this loop, and requests that wait for one.
    var upstreamUsage: (connections: Int, waiters: Int) {
        self.pools.values.reduce(into: (0, 0)) { sum, pool in
            let usage = pool.usage
            sum.0 += usage.connections
            sum.1 += usage.waiters
        }
    }

    func stop() {
        self.ticker?.cancel()
        self.tellUses(self.touched.count)
        for exchange in self.exchanges { exchange.handler?.abort() }
        for pool in self.pools.values { pool.close() }
        self.handOverAccessLog(isLast: true)
        self.reporter?.report()
        self.link.close()
        self.pools = [:]
        self.routes = []
        self.stores = []
    }

    // MARK: Exchanges

    func register(_ exchange: Exchange) {
        exchange.place = self.exchanges.count
        self.exchanges.append(exchange)
    }

    func unregister(_ exchange: Exchange) {
        guard exchange.place < self.exchanges.count, self.exchanges[exchange.place] === exchange else { return }
        let last = self.exchanges.removeLast()
        if last !== exchange {
            self.exchanges[exchange.place] = last
            last.place = exchange.place
        }
        exchange.place = Int.max
    }

    private func monotonicMs() -> Int { LoopClock.nowNs() / 1_000_000 }

    /// Brings the loop's clock up to a moment just measured.
    func touch(nowNs: Int) { self.nowMs = nowNs / 1_000_000 }

    /// Whether a request may ask Redis: the link is up, and it has been answering in time.
    var asksStore: Bool { self.link.reachesAny && self.store.breaker.allowsRequests }

    /// Whether there are routes that are decided without Redis.
    private var isStoreAway: Bool {
        !self.link.isReady || self.stores.contains { !$0.breaker.allowsRequests }
    }

    /// A call that a request waited for was not answered in time, or its connection ended.
    func noteStoreFailure(_ failure: RedisFailure, of store: StoreAccess) {
        switch failure {
        case .deadlineExceeded, .protocolError:
            guard store.breaker.failed(nowMs: self.nowMs) else { return }
            self.counters.breakerOpenings += 1
            self.logger.warning("Redis is too slow; requests go on without it until it answers in time again")
        case .connectionLost, .notConnected, .queueFull, .nothingEncoded, .serverError:
            // The link knows of the first two by itself; the others say nothing of Redis's speed.
            break
        }
    }

    func noteStoreWell() { self.logger.notice("Redis answers in time again") }

    /// Redis's clock says that the month is another: the gateway's own is off by so much.
    func noteRedisTime(_ ms: Int) {
        self.redisAheadMs = ms - LoopClock.wallMs()
        self.period = UsagePeriod(atMs: ms)
    }

    /// Notes that a principal was admitted: its key's last use and its org's usage are reported in batches.
    func touch(_ entry: PrincipalEntry) {
        entry.lastUsedMs = self.wallMs
        guard !entry.isTouched else { return }
        entry.isTouched = true
        self.touched.append(entry)
    }

    // MARK: The tick

    private func tick() {
        self.nowMs = LoopClock.nowNs() / 1_000_000
        self.wallMs = LoopClock.wallMs()
        let redisMs = self.wallMs + self.redisAheadMs
        if !self.period.contains(redisMs) { self.period = UsagePeriod(atMs: redisMs) }
        self.ticks += 1
        self.counters.earlyReads = self.earlyReads.hits
        self.checkDeadlines()
        if self.ticks.isMultiple(of: 2) {
            self.handOverAccessLog()
            self.system.look()
        }
        if self.ticks.isMultiple(of: 20) {
            for pool in self.pools.values { pool.sweep(nowMs: self.nowMs) }
            // All of them within the second, however many.
            self.usesDue = self.touched.count
            self.usesPerTick = max(Self.usesPerTickMin, (self.usesDue + 19) / 20)
        }
        self.tellUses(min(self.usesPerTick, self.usesDue))
        for store in self.stores { store.tick(nowMs: self.nowMs) }
        self.local.storeIsAway(self.isStoreAway, nowMs: self.nowMs)
        if self.asksStore { self.local.flush() }
        if self.draining { self.reporter?.report() } else { self.reporter?.tick() }
        self.enrolment?.tick(nowMs: self.nowMs)
        self.settler.tick(nowMs: self.nowMs, exchanges: self.exchanges)
    }

    private func checkDeadlines() {
        var index = 0
        while index < self.exchanges.count {
            let exchange = self.exchanges[index]
            if exchange.deadlineMs <= self.nowMs { exchange.deadlinePassed() }
            // One that ended has been replaced by the last; look at that one too.
            if index < self.exchanges.count, self.exchanges[index] === exchange { index += 1 }
        }
    }

    private func handOverAccessLog(isLast: Bool = false) {
        guard let accessSink, !self.accessLog.isEmpty, isLast || self.logBatchesWaiting < 4 else { return }
        self.logBatchesWaiting += 1
        let bound = NIOLoopBound(self, eventLoop: self.eventLoop)
        accessSink.submit(self.accessLog.take()) {
            bound.eventLoop.execute { bound.value.logBatchesWaiting -= 1 }
        }
    }

    /// Tells of some last uses: no request waits for those of all keys.
    private func tellUses(_ count: Int) {
        guard count > 0 else { return }
        self.usesDue -= count
        let uses = self.touched.prefix(count).map { entry in
            entry.isTouched = false
            return KeyUse(keyID: entry.principal.key.keyID, atMs: entry.lastUsedMs)
        }
        self.touched.removeFirst(count)
        self.dependencies.lastUsed?(uses)
    }
}
