import Testing

@testable import RedisClient

@Suite struct RedisTopologyTests {
    typealias Endpoint = RedisConfiguration.Endpoint

    private static let asked = Endpoint.tcp(host: "10.0.0.9", port: 7_000)

    private static func node(_ host: RedisValue, _ port: Int64, _ id: String) -> RedisValue {
        .array([host, .integer(port), .string(Array(id.utf8)), .array([])])
    }

    private static func text(_ text: String) -> RedisValue { .string(Array(text.utf8)) }

    private static func row(_ first: Int64, _ last: Int64, _ nodes: RedisValue...) -> RedisValue {
        .array([.integer(first), .integer(last)] + nodes)
    }

    private func topology(_ rows: RedisValue...) throws -> RedisTopology {
        try #require(RedisTopology(.array(rows), toldBy: Self.asked))
    }

    @Test func `CLUSTER SLOTS is read`() throws {
        let topology = try self.topology(
            Self.row(5_461, 16_383, Self.node(Self.text("b"), 2, "id-b"), Self.node(Self.text("d"), 4, "id-d")),
            Self.row(0, 5_460, Self.node(Self.text(""), 1, "id-a")))
        #expect(topology.parts[0].slots == 5_461...16_383)
        #expect(topology.parts[0].primary == .init(id: "id-b", endpoint: .tcp(host: "b", port: 2)))
        #expect(topology.parts[0].replicaIDs == ["id-d"])
        #expect(topology.primaries == [.tcp(host: "10.0.0.9", port: 1), .tcp(host: "b", port: 2)])
        let map = RedisSlotMap(topology)
        #expect(map.unserved == 0)
        #expect(map.owner(0).map { map.nodes[$0] } == .tcp(host: "10.0.0.9", port: 1))
        #expect(map.owner(16_383).map { map.nodes[$0] } == .tcp(host: "b", port: 2))
        #expect(map.owner(-1) == nil && map.owner(16_384) == nil)
    }

    @Test func `a part without an address is left out, and its slots are unserved`() throws {
        let topology = try self.topology(
            Self.row(0, 9, Self.node(Self.text("?"), 1, "id-a")), Self.row(10, 10, Self.node(.null, 1, "id-b")))
        #expect(topology.parts.map(\.slots) == [10...10])
        let map = RedisSlotMap(topology)
        #expect(map.unserved == RedisSlot.count - 1)
        #expect(map.owner(9) == nil)
    }

    @Test func `what is no topology is refused`() {
        let rows: [RedisValue] = [
            .integer(1), .array([.integer(1)]), .array([.array([.integer(0), .integer(16_384), .null])]),
            .array([.array([.integer(5), .integer(4), .null])]), .array([.array([.integer(-1), .integer(4), .null])]),
        ]
        for reply in rows { #expect(RedisTopology(reply, toldBy: Self.asked) == nil) }
    }

    @Test func `a replica that takes over is told from a slot that moves`() throws {
        let (a, b) = (Self.node(Self.text("a"), 1, "id-a"), Self.node(Self.text("b"), 2, "id-b"))
        let replica = Self.node(Self.text("c"), 3, "id-c")
        let before = try self.topology(Self.row(0, 99, a, replica), Self.row(100, 199, b))
        #expect(before.failover(since: RedisTopology()) == nil)
        #expect(before.failover(since: before) == nil)
        let moved = try self.topology(Self.row(0, 49, a, replica), Self.row(50, 199, b))
        #expect(moved.failover(since: before) == nil)
        let replaced = try self.topology(Self.row(0, 99, replica), Self.row(100, 199, b))
        let failover = try #require(replaced.failover(since: before))
        #expect(failover.before == "id-a" && failover.now == "id-c")
        // The same id behind another address is the same memory.
        let readdressed = try self.topology(
            Self.row(0, 99, Self.node(Self.text("a2"), 1, "id-a"), replica), Self.row(100, 199, b))
        #expect(readdressed.failover(since: before) == nil)
    }

    @Test func `a redirection corrects one slot`() throws {
        var map = RedisSlotMap(try self.topology(Self.row(0, 16_383, Self.node(Self.text("a"), 1, "id-a"))))
        map.assign(7, to: .tcp(host: "b", port: 2))
        #expect(map.nodes == [.tcp(host: "a", port: 1), .tcp(host: "b", port: 2)])
        #expect(map.owner(7) == 1 && map.owner(8) == 0 && map.unserved == 0)
        map.assign(7, to: .tcp(host: "a", port: 1))
        #expect(map.owner(7) == 0)
        map.assign(16_384, to: .tcp(host: "b", port: 2))
        map.assign(-1, to: .tcp(host: "b", port: 2))
        #expect(map.nodes.count == 2)
    }

    // MARK: When to ask

    /// Whether a machine asks at this time.
    private func asks(_ machine: inout RedisTopologyMachine, _ nowMs: UInt64, isWhole: Bool = true) -> Bool {
        machine.isDue(nowMs: nowMs, isWhole: isWhole)
    }

    @Test func `it is asked at once, often while in doubt, seldom when calm`() {
        var machine = RedisTopologyMachine()
        var asked = [self.asks(&machine, 5, isWhole: false), self.asks(&machine, 50_000, isWhole: false)]
        #expect(asked == [true, false], "one question at a time")
        machine.answered()
        asked = [self.asks(&machine, 5 + 9_999), self.asks(&machine, 5 + 10_000)]
        #expect(asked == [false, true])
        machine.answered()
        asked = [self.asks(&machine, 10_005 + 99, isWhole: false), self.asks(&machine, 10_005 + 100, isWhole: false)]
        #expect(asked == [false, true])
        machine.answered()
        machine.doubt()
        asked = [self.asks(&machine, 10_105 + 99), self.asks(&machine, 10_105 + 100)]
        #expect(asked == [false, true])
        machine.failed()
        asked = [self.asks(&machine, 10_205 + 100)]
        #expect(asked == [true], "no answer is a doubt")
    }

    @Test func `doubts that come while it is asked count for the next time`() {
        var machine = RedisTopologyMachine()
        var asked = [self.asks(&machine, 0)]
        machine.doubt()
        machine.answered()
        asked.append(self.asks(&machine, 100))
        #expect(asked == [true, true])
    }
}
