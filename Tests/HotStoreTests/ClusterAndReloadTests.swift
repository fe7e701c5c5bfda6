import Domain
import Glibc
import HotStore
import NIOCore
import RedisClient
import TestKit
import Testing

struct ClusterAndReloadTests {
    private func richPlan(_ org: String) throws -> AdmissionPlan {
        let rule = try Plans.rule("burst", 100, per: 1, 1_000, unit: .cost)
        func group(_ scope: LimitScope, _ subject: String, _ source: BucketGroup.Source) -> BucketGroup {
            BucketGroup(scope: scope, subject: subject, source: source, rules: [rule])
        }
        return Plans.plan(
            org: org,
            groups: [
                group(.key, "key_1", .base), group(.user, "user_1", .base), group(.org, org, .route("jobs")),
                group(.route, "jobs", .base), group(.ip, "", .base),
            ],
            quotas: [.init(meter: "jobs", limit: 100, amount: 1)],
            leases: [
                .init(name: "flight", scope: .org, subject: org, source: .base, max: 50),
                .init(name: "address", scope: .ip, subject: "", source: .base, max: 50),
            ],
            claims: .init(scope: .apiKey, claimMs: 1_000, retentionMs: 60_000, upstreamIdempotent: true))
    }

    /// The keys of an encoded `EVALSHA`.
    private func keys(_ command: ByteBuffer) -> [String] {
        var command = command
        var arguments: [String] = []
        while let line = Self.line(&command) {
            if line.hasPrefix("$"), let length = Int(line.dropFirst()), let bytes = command.readBytes(length: length) {
                arguments.append(String(decoding: bytes, as: UTF8.self))
                command.moveReaderIndex(forwardBy: 2)
            }
        }
        guard arguments.count > 3, let count = Int(arguments[2]) else { return [] }
        return Array(arguments[3..<(3 + count)])
    }

    private static func line(_ buffer: inout ByteBuffer) -> String? {
        guard let end = buffer.readableBytesView.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        return buffer.readString(length: end + 1 - buffer.readerIndex).map { String($0.dropLast()) }
    }

    private func calls(_ plan: AdmissionPlan) -> [String: ByteBuffer] {
        let template = AdmissionTemplate(
            plan, versionTag: Plans.tag, keyspace: Keyspace(prefix: "tb11:"), period: UsagePeriod(atMs: Plans.nowMs))
        let address = ByteBuffer(string: "2001:db8::{1}")
        var (plain, keyed, settle, heartbeat) = (ByteBuffer(), ByteBuffer(), ByteBuffer(), ByteBuffer())
        template.append(count: 1, address: address, leaseIDs: [[1]], nowMs: Plans.nowMs, into: &plain)
        template.appendKeyed(Plans.claim(), address: address, leaseID: [2], nowMs: Plans.nowMs, into: &keyed)
        SettleCommand.append(
            Settlement(
                guard: .claim(Plans.claim(), .release), leaseID: [2],
                quotas: [.init(meter: "tokens", amount: 1, month: 202_511)], cost: .init(reserved: 1, actual: 2)),
            template: template, address: address, nowMs: Plans.nowMs, into: &settle)
        HeartbeatCommand.append(
            claim: Plans.claim(), leaseID: [1], template: template, address: address, nowMs: Plans.nowMs,
            into: &heartbeat)
        return ["plain": plain, "keyed": keyed, "settle": settle, "heartbeat": heartbeat]
    }

    @Test func `TB-11 all keys of one call lie in one slot, and a cluster runs the scripts`() async throws {
        var options = TestRedis.Options()
        options.isOnTCP = true
        options.arguments = ["--cluster-enabled", "yes", "--cluster-port", "\(try Self.freePort())"]
        let server = try await TestRedis.start(options)
        let redis = try await server.connect(scripts: HotScripts.edge + HotScripts.control)
        try await redis.command("CLUSTER", "ADDSLOTSRANGE", 0, 16_383)
        try await eventually("a cluster that serves") {
            try await redis.command("CLUSTER", "INFO").text?.contains("cluster_state:ok") == true
        }
        for org in ["org_1", "org_2"] {
            try await redis.command("SET", .text(Keyspace(prefix: "tb11:").version(ofOrg: org)), .text(Plans.tag))
            for (name, call) in self.calls(try self.richPlan(org)) {
                let names = self.keys(call)
                #expect(!names.isEmpty)
                var slots: Set<Int64> = []
                for key in names {
                    if let slot = try await redis.command("CLUSTER", "KEYSLOT", .text(key)).integer {
                        slots.insert(slot)
                    }
                }
                #expect(slots.count == 1, "\(name): \(names)")
            }
        }
        let client = try await HotClient(server, prefix: "tb11:")
        let plan = try self.richPlan("org_1")
        let request = Plans.ask(plan, leaseIDs: [[2]], claim: Plans.claim(), address: "2001:db8::1")
        #expect(try await client.admit(request, nowMs: Plans.nowMs).outcome == .admitted(1))
        let settlement = Settlement(
            guard: .claim(Plans.claim(), .release), leaseID: [2], cost: .init(reserved: 1, actual: 2))
        #expect(try await client.settle(settlement, plan: plan, address: "2001:db8::1", nowMs: Plans.nowMs))
        let org = OrgRecord(orgID: "org_1", plan: "FREE", status: .active, version: 5)
        #expect(
            try await RecordPublisher(redis: redis, keyspace: Keyspace(prefix: "tb11:")).publish(
                org, keys: [], word: "w"))
        await client.close()
        await redis.close()
        try await server.stop()
    }

    /// A port nobody listens on now.
    private static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let port = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer -> Int? in
                guard bind(descriptor, pointer, length) == 0, getsockname(descriptor, pointer, &length) == 0 else {
                    return nil
                }
                return 1
            }
        }
        _ = try #require(port)
        return Int(UInt16(bigEndian: address.sin_port))
    }

    @Test func `TB-12 no error surfaces when scripts are flushed in the midst of traffic`() async throws {
        let server = try await TestRedis.start()
        let client = try await HotClient(server, prefix: "tb12:")
        try await client.publish("o", tag: Plans.tag)
        let plan = try Plans.simple(org: "o", capacity: 300, per: 1, periodMs: 86_400_000)
        let period = UsagePeriod(atMs: try await TokenBucketTests.redisNowMs(client))
        let flusher = Task {
            var flushes = 0
            while !Task.isCancelled {
                try await server.command("SCRIPT", "FLUSH")
                flushes += 1
            }
            return flushes
        }
        let admitted = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    var admitted = 0
                    for _ in 0..<125 {
                        let results = try await client.admit([Plans.ask(plan)], nowMs: 0, period: period)
                        admitted += results.first?.outcome == .admitted(1) ? 1 : 0
                    }
                    return admitted
                }
            }
            return try await group.reduce(0, +)
        }
        flusher.cancel()
        let flushes = (try? await flusher.value) ?? 1
        #expect(admitted == 300, "each call was executed once")
        #expect(flushes > 0)
        #expect(await client.scriptReloads > 0)
        await client.close()
        try await server.stop()
    }
}
