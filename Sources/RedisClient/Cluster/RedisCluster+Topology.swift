import Logging
import NIOCore

extension RedisCluster {
    func connectSeeds() {
        for seed in self.configuration.clusterSeeds { _ = self.link(to: seed) }
    }

    /// Looks after everything that is not a command's matter.
    func tick() {
        guard !self.isClosed else { return }
        self.endUnneeded()
        // All that is known may be gone: the addresses of the configuration are where a cluster is found again.
        if !self.links.values.contains(where: { $0.isReady }) { self.connectSeeds() }
        let nowMs = NIODeadline.now().uptimeNanoseconds / 1_000_000
        guard let link = self.linkToAsk(), self.machine.isDue(nowMs: nowMs, isWhole: self.isReady) else { return }
        let refused = link.send(RedisTopologyWaiter(self, link.configuration.endpoint)) { output in
            RESPWriter.beginCommand(argumentCount: 2, into: &output)
            RESPWriter.append("CLUSTER", into: &output)
            RESPWriter.append("SLOTS", into: &output)
        }
        if refused != nil { self.machine.failed() }
    }

    /// Another one each time: one that is cut off from the rest would tell what was.
    private func linkToAsk() -> RedisLink? {
        let ready = self.links.values.filter { $0.isReady }
        guard !ready.isEmpty else { return nil }
        self.nextAsked &+= 1
        let sorted = ready.sorted { "\($0.configuration.endpoint)" < "\($1.configuration.endpoint)" }
        return sorted[self.nextAsked % sorted.count]
    }

    func answered(_ topology: RedisTopology?) {
        guard let topology, !topology.parts.isEmpty, !self.isClosed else { return self.machine.failed() }
        self.machine.answered()
        let before = self.topology
        let map = RedisSlotMap(topology)
        let primaries = map.nodes.map { self.link(to: $0) }
        self.topology = topology
        self.map = map
        self.primaries = primaries
        self.readinessMayHaveChanged()
        self.lookAtWaiting()
        guard let failover = topology.failover(since: before) else { return }
        self.logger?.warning(
            "a replica of the Redis Cluster has taken its primary's place; what was written last may be lost there",
            metadata: ["before": "\(failover.before)", "now": "\(failover.now)"])
        self.serverChanged(failover.before, failover.now)
    }

    /// A `MOVED` has said whose a slot is; the next topology says the rest.
    func learn(_ slot: Int, isOf endpoint: RedisConfiguration.Endpoint) {
        let link = self.link(to: endpoint)
        self.map.assign(slot, to: endpoint)
        guard self.map.nodes.count > self.primaries.count else { return }
        self.primaries.append(link)
        self.readinessMayHaveChanged()
    }

    /// Ends links to nodes that serve nothing, once nobody waits for their answers. While no primary is connected they
    /// stay: they may lead back to the cluster.
    private func endUnneeded() {
        guard self.links.count > self.primaries.count, self.reachesAny else { return }
        let needed = Set(self.map.nodes)
        for (endpoint, link) in self.links where !needed.contains(endpoint) {
            guard !link.isReady || link.pendingCount == 0 else { continue }
            // One that is only being asked for a key on its way (`ASK`) will be needed in a moment.
            guard link.state != .connecting || link.lastFailure != nil else { continue }
            guard !self.isYoung(link) else { continue }
            self.links[endpoint] = nil
            self.ownCounters += link.counters
            link.onStateChange = nil
            link.close()
        }
    }

    /// Whether a link has been ready for less than a second.
    private func isYoung(_ link: RedisLink) -> Bool {
        guard link.isReady, let sinceMs = link.readySinceMs else { return false }
        return NIODeadline.now().uptimeNanoseconds / 1_000_000 < sinceMs + 1_000
    }
}

/// Waits for `CLUSTER SLOTS`.
private final class RedisTopologyWaiter: RedisWaiter {
    private let cluster: RedisCluster
    private let asked: RedisConfiguration.Endpoint

    init(_ cluster: RedisCluster, _ asked: RedisConfiguration.Endpoint) {
        self.cluster = cluster
        self.asked = asked
    }

    override func redisReplied(_ reply: borrowing RedisReply) {
        self.cluster.answered(RedisTopology(reply.value(), toldBy: self.asked))
    }

    override func redisFailed(_ failure: RedisFailure) {
        if case .serverError(let error) = failure {
            self.cluster.logger?.error(
                "a node does not tell the cluster's slots; is it one of a cluster (cluster-enabled yes)?",
                metadata: ["endpoint": "\(self.asked)", "error": "\(error)"])
        }
        self.cluster.answered(nil)
    }
}
