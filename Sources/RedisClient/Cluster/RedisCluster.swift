// The nodes of a Redis Cluster as one event loop reaches them: a link to each primary, and the map that says whose a slot
// is. Everything that keeps one server's commands fast holds for each node: one buffer, one write in a loop turn, answers in
// order. Between nodes there is no order.
//
// A refusal (`MOVED`, `ASK`, `TRYAGAIN`, `CLUSTERDOWN`, `LOADING`) comes instead of execution, so the command is encoded
// again by its waiter and sent where it belongs, under its old deadline. A connection that is lost after sending is
// another matter: its commands may have been executed, and fail as they do with one server.
//
// The facets: +Refusals (redirections, commands that wait), +Topology (learning it, links that come and go).

import Logging
import NIOCore

/// Links to all primaries of a cluster. Not `Sendable`: every call must come on its loop.
final class RedisCluster {
    let eventLoop: any EventLoop
    let configuration: RedisConfiguration
    let logger: Logger?
    var scripts: [RedisScript]

    /// Called after every change of ``isReady``, and of why it is not.
    var onChange: () -> Void = {}
    /// As ``RedisLink/onServerChange``, for any primary: one that came back as another process, or a replica that took
    /// its place.
    var onServerChange: ((String?, String) -> Void)?

    var map = RedisSlotMap()
    /// The map's nodes, by their numbers.
    var primaries: [RedisLink] = []
    /// Every link there is: primaries, addresses of the configuration, and those that are only waiting to end.
    var links: [RedisConfiguration.Endpoint: RedisLink] = [:]
    var topology = RedisTopology()
    var machine = RedisTopologyMachine()
    var nextAsked = 0
    var waiting: [WaitingCommand] = []
    var waitTimer: Scheduled<Void>?
    private var ticker: RepeatedTask?
    private(set) var isClosed = false

    /// Whether every slot has a primary that is connected.
    private(set) var isReady = false
    /// How often the memory behind some slots became another server's.
    var serverChanges = 0
    /// Of links that have ended, and what no single link knows.
    var ownCounters = RedisLinkCounters()

    /// In the place of a slot: the command is for this server and no other (`SCAN`), and its refusal is its answer.
    static let oneServer = UInt16.max
    /// How finely links and topology are looked after.
    private static let tickMs: Int64 = 20

    init(
        eventLoop: any EventLoop, configuration: RedisConfiguration, scripts: [RedisScript], logger: Logger?
    ) {
        self.eventLoop = eventLoop
        self.configuration = configuration
        self.scripts = scripts
        self.logger = logger
    }

    func start() {
        self.connectSeeds()
        self.ticker = self.eventLoop.scheduleRepeatedTask(
            initialDelay: .milliseconds(Self.tickMs), delay: .milliseconds(Self.tickMs)
        ) { [bound = NIOLoopBound(self, eventLoop: self.eventLoop)] _ in bound.value.tick() }
    }

    func close() {
        self.isClosed = true
        self.ticker?.cancel()
        self.waitTimer?.cancel()
        for link in self.links.values { link.close() }
        self.isReady = false
        let left = self.waiting
        self.waiting = []
        for command in left { command.waiter.redisFailed(.notConnected) }
    }

    func register(_ script: RedisScript) {
        guard !self.scripts.contains(script) else { return }
        self.scripts.append(script)
        for link in self.links.values { link.register(script) }
    }

    /// Whether any node could be sent something.
    var reachesAny: Bool { self.primaries.contains { $0.isReady } }

    var pendingCount: Int { self.links.values.reduce(self.waiting.count) { $0 + $1.pendingCount } }

    /// Why the first node that is not connected is not.
    var lastFailure: String? {
        if let failure = self.primaries.first(where: { !$0.isReady })?.lastFailure { return failure }
        if self.map.unserved > 0, !self.primaries.isEmpty {
            return "\(self.map.unserved) slots of the cluster have no primary"
        }
        return self.isReady ? nil : self.links.values.lazy.compactMap(\.lastFailure).first
    }

    var counters: RedisLinkCounters {
        self.links.values.reduce(into: self.ownCounters) { $0 += $1.counters }
    }

    // MARK: The hot path

    /// As ``RedisLink/send(_:encode:)``, to the primary of a slot.
    func send(
        _ waiter: RedisWaiter, withinNs: UInt64, slot: Int, encode: (inout ByteBuffer) -> Void
    ) -> RedisFailure? {
        guard let number = self.map.owner(slot), number < self.primaries.count else {
            self.ownCounters.refusedNotConnected += 1
            return .notConnected
        }
        let link = self.primaries[number]
        let tag = UInt16(truncatingIfNeeded: slot)
        guard let failure = link.send(waiter, withinNs: withinNs, slot: tag, encode: encode) else { return nil }
        // A node that is new is worth the few milliseconds until it is connected; one that is gone is not.
        guard failure == .notConnected, link.isConnectingFirst else { return failure }
        return self.wait(waiter, withinNs: withinNs, slot: slot) ? nil : failure
    }

    /// To any node, for commands without a key.
    func sendAnywhere(
        _ waiter: RedisWaiter, withinNs: UInt64, encode: (inout ByteBuffer) -> Void
    ) -> RedisFailure? {
        guard let link = self.primaries.first(where: { $0.isReady }) ?? self.primaries.first else {
            return .notConnected
        }
        return link.send(waiter, withinNs: withinNs, encode: encode)
    }

    // MARK: Links

    /// The link to a node, begun now if there is none.
    func link(to endpoint: RedisConfiguration.Endpoint) -> RedisLink {
        if let link = self.links[endpoint] { return link }
        var configuration = self.configuration
        configuration.endpoint = endpoint
        configuration.clusterSeeds = []
        let link = RedisLink(
            eventLoop: self.eventLoop, configuration: configuration, scripts: self.scripts, logger: self.logger)
        link.onRefusal = { [weak self, unowned link] command, waiter, error in
            self?.refused(command, waiter, error, by: link) ?? false
        }
        link.onStateChange = { [weak self] state in self?.linkChanged(state) }
        link.onServerChange = { [weak self] before, now in
            if let before { self?.serverChanged(before, now) }
        }
        self.links[endpoint] = link
        link.start()
        return link
    }

    private func linkChanged(_ state: RedisLinkState) {
        guard !self.isClosed else { return }
        if state == .ready { self.lookAtWaiting() } else { self.machine.doubt() }
        self.readinessMayHaveChanged()
        if self.primaries.isEmpty, state == .ready { self.tick() }
    }

    func readinessMayHaveChanged() {
        self.isReady = self.map.unserved == 0 && self.primaries.allSatisfy { $0.isReady }
        self.onChange()
    }

    func serverChanged(_ before: String, _ now: String) {
        self.serverChanges += 1
        self.onServerChange?(before, now)
    }
}
