public import RedisClient

/// A real Redis Cluster of its own on 127.0.0.1: primaries that share the slots evenly, and replicas of each if asked for.
public final class TestRedisCluster: Sendable {
    /// One process.
    public struct Node: Sendable {
        public let server: TestRedis
        public let port: Int
        public let id: String
    }

    /// In the order of their slots.
    public let primaries: [Node]
    /// By primary: `replicas[2]` are those of `primaries[2]`.
    public let replicas: [[Node]]

    /// Starts everything and waits until every node knows every slot.
    ///
    /// - Parameter nodeTimeoutMs: after which a silent node counts as failed.
    public static func start(
        primaries: Int = 3, replicasEach: Int = 0, nodeTimeoutMs: Int = 1_000
    ) async throws -> TestRedisCluster {
        let count = primaries * (1 + replicasEach)
        var nodes: [Node] = []
        for _ in 0..<count { nodes.append(try await Self.startNode(nodeTimeoutMs)) }
        let cluster = TestRedisCluster(
            primaries: Array(nodes[..<primaries]),
            replicas: (0..<primaries).map { primary in
                (0..<replicasEach).map { nodes[primaries + primary * replicasEach + $0] }
            })
        try await cluster.join()
        return cluster
    }

    private init(primaries: [Node], replicas: [[Node]]) {
        self.primaries = primaries
        self.replicas = replicas
    }

    public var nodes: [Node] { self.primaries + self.replicas.flatMap { $0 } }

    /// How clients reach it. Patient deadlines, as ``TestRedis/configuration(commandDeadlineMs:)``.
    ///
    /// - Parameter seeds: how many nodes are named; the others have to be learnt.
    public func configuration(commandDeadlineMs: Int = 20_000, seeds: Int = .max) -> RedisConfiguration {
        var configuration = self.primaries[0].server.configuration(commandDeadlineMs: commandDeadlineMs)
        configuration.clusterSeeds = self.nodes.prefix(max(1, seeds)).map { .tcp(host: "127.0.0.1", port: $0.port) }
        return configuration
    }

    /// A connection for tasks. The caller closes it.
    public func connect(scripts: [RedisScript] = []) async throws -> RedisConnection {
        try await RedisConnection.connect(self.configuration(), scripts: scripts)
    }

    /// Waits until every replica has what its primary has now.
    public func waitUntilReplicated() async throws {
        for primary in self.primaries {
            try await eventually("replicas that have everything", deadline: .seconds(60)) {
                let info = try await primary.server.command("INFO", "replication").text ?? ""
                let lines = info.split(whereSeparator: \.isNewline)
                guard
                    let offset = lines.first(where: { $0.hasPrefix("master_repl_offset:") })?.split(separator: ":").last
                else { return false }
                let followers = lines.filter { $0.hasPrefix("slave") && $0.contains("state=") }
                return !followers.isEmpty && followers.allSatisfy { $0.contains("offset=\(offset),") }
            }
        }
    }

    // MARK: Slots

    /// The primary that a slot was given at the start.
    public func primary(ofSlot slot: Int) -> Node { self.primaries[slot * self.primaries.count / RedisSlot.count] }

    /// Moves a slot with its keys to another primary, as `redis-cli --cluster reshard` does.
    public func move(slot: Int, from source: Node, to target: Node) async throws {
        let number = RedisArgument(slot)
        try await target.server.command("CLUSTER", "SETSLOT", number, "IMPORTING", .text(source.id))
        try await source.server.command("CLUSTER", "SETSLOT", number, "MIGRATING", .text(target.id))
        while true {
            let keys = try await source.server.command("CLUSTER", "GETKEYSINSLOT", number, 100).elements ?? []
            guard !keys.isEmpty else { break }
            let connection = try await source.server.connect()
            let words: [RedisArgument] = [
                "MIGRATE", "127.0.0.1", RedisArgument(target.port), "", 0, 5_000, "KEYS",
            ]
            let reply = try? await connection.command(
                words + keys.compactMap { key in key.text.map { RedisArgument.text($0) } })
            await connection.close()
            guard reply != nil else { throw TestProcess.StartError("MIGRATE failed for slot \(slot)") }
        }
        for node in [target, source] + self.primaries {
            try await node.server.command("CLUSTER", "SETSLOT", number, "NODE", .text(target.id))
        }
    }

    public func stop() async throws {
        for node in self.nodes where node.server.pid != nil { try await node.server.kill() }
    }

    // MARK: Start

    private static func startNode(_ nodeTimeoutMs: Int) async throws -> Node {
        var failure: (any Error)?
        // The bus's port may be taken before the server is there: then with the next one.
        for _ in 0..<5 {
            var options = TestRedis.Options()
            options.isOnTCP = true
            options.arguments = [
                "--cluster-enabled", "yes", "--cluster-port", "\(try await TestRedis.freePort())",
                "--cluster-node-timeout", "\(nodeTimeoutMs)", "--cluster-replica-validity-factor", "0",
                "--cluster-require-full-coverage", "no", "--repl-diskless-sync-delay", "0",
            ]
            do {
                let server = try await TestRedis.start(options)
                let id = try await server.command("CLUSTER", "MYID").text ?? ""
                return Node(server: server, port: server.port ?? 0, id: id)
            } catch {
                failure = error
            }
        }
        throw failure ?? TestProcess.StartError("no node of a cluster could be started")
    }

    private func join() async throws {
        for (index, node) in self.nodes.enumerated() {
            try await node.server.command("CLUSTER", "SET-CONFIG-EPOCH", RedisArgument(index + 1))
        }
        for (index, node) in self.primaries.enumerated() {
            let first = (index * RedisSlot.count + self.primaries.count - 1) / self.primaries.count
            let end = ((index + 1) * RedisSlot.count + self.primaries.count - 1) / self.primaries.count
            try await node.server.command(
                "CLUSTER", "ADDSLOTSRANGE", RedisArgument(first), RedisArgument(end - 1))
        }
        for node in self.nodes.dropFirst() {
            let reply = try await node.server.command("CONFIG", "GET", "cluster-port").elements ?? []
            let bus = reply.last?.text ?? ""
            try await self.primaries[0].server.command(
                "CLUSTER", "MEET", "127.0.0.1", RedisArgument(node.port), .text(bus))
        }
        try await self.wait(for: "cluster_known_nodes:\(self.nodes.count)")
        for (primary, replicas) in zip(self.primaries, self.replicas) {
            for replica in replicas {
                try await eventually("a node that knows its primary") {
                    (try? await replica.server.command("CLUSTER", "REPLICATE", .text(primary.id))) != nil
                }
            }
        }
        try await self.wait(for: "cluster_state:ok", "cluster_slots_ok:16384")
        for replica in self.replicas.flatMap({ $0 }) {
            try await eventually("a replica that follows", deadline: .seconds(60)) {
                try await replica.server.command("INFO", "replication").text?.contains("master_link_status:up") == true
            }
        }
        // Every node tells the same: also who replaces whom.
        for node in self.nodes {
            try await eventually("a node that knows all replicas", deadline: .seconds(60)) {
                let rows = try await node.server.command("CLUSTER", "SLOTS").elements ?? []
                return rows.count == self.primaries.count
                    && rows.allSatisfy { ($0.elements?.count ?? 0) == 3 + (self.replicas.first?.count ?? 0) }
            }
        }
    }

    private func wait(for lines: String...) async throws {
        for node in self.nodes {
            try await eventually("a cluster whose nodes know each other", deadline: .seconds(60)) {
                let info = try await node.server.command("CLUSTER", "INFO").text ?? ""
                return lines.allSatisfy { info.contains($0) }
            }
        }
    }
}
