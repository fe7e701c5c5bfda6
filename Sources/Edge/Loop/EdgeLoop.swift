import Domain
import HTTPWire
import HotStore
import Logging
import NIOCore
import RedisClient

/// Everything one event loop needs to serve requests alone: its Redis connection, what it remembers of keys, its
/// upstream pools, its counters. Bound to its loop, shared with nobody.
final class EdgeLoop {
    let eventLoop: any EventLoop
    let index: Int
    let logger: Logger
    let link: RedisLink
    let keyspace: Keyspace
    let fallback: KeyFallback?
    let accessSink: AccessLogSink?
    let lastUsed: (@Sendable ([KeyUse]) -> Void)?
    private(set) var configuration: Configuration
    private(set) var routes: [CompiledRoute] = []
    private(set) var routeTable: RouteTable
    private var pools: [String: UpstreamPool] = [:]
    private(set) var trustedProxies: [CIDRBlock] = []
    private(set) var keys: KeyCache!
    private(set) var gate: AdmissionGate!
    private(set) var settler: Settler!

    var counters: EdgeCounters
    var accessLog: AccessLogBuffer
    var random: RequestRandom
    /// Monotonic milliseconds of the last tick or read; good to a tick.
    private(set) var nowMs = LoopClock.nowNs() / 1_000_000
    private(set) var wallMs = LoopClock.wallMs()
    private(set) var draining = false

    /// Scratch for parsing, used within one call and never across calls.
    var requestHead = RequestHead()
    var responseHead = ResponseHead()

    /// Every connection's exchange, for deadlines; an exchange knows its place.
    private var exchanges: [Exchange] = []
    private var logInFlight = 0
    private var ticks = 0
    private var ticker: RepeatedTask?
    private var problemBase: String

    /// How finely deadlines are kept.
    static let tickMs = 50

    init(
        eventLoop: any EventLoop, index: Int, configuration: Configuration, link: RedisLink, fallback: KeyFallback?,
        accessSink: AccessLogSink?, lastUsed: (@Sendable ([KeyUse]) -> Void)?, logger: Logger
    ) {
        self.eventLoop = eventLoop
        self.index = index
        self.configuration = configuration
        self.link = link
        self.keyspace = Keyspace(prefix: configuration.redis.keyPrefix)
        self.fallback = fallback
        self.accessSink = accessSink
        self.lastUsed = lastUsed
        self.logger = logger
        self.routeTable = RouteTable(configuration.routes)
        self.counters = EdgeCounters(routes: configuration.routes.count)
        self.accessLog = AccessLogBuffer(bytesMax: configuration.logging.accessLogBufferBytes)
        self.random = RequestRandom()
        self.problemBase = configuration.errors.baseURI
    }
}
