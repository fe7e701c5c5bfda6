import Domain
import HotStore
import RedisClient
import TestKit
import Testing

/// The scripts against their twin, decision by decision.
struct AdmissionModelTests {
    @Test func `TB-1 whole admissions, settlements and heartbeats decide exactly as the model`() async throws {
        let seed = UInt64.random(in: 0 ... .max)
        let client = try await HotClient(TestRedis.shared(), prefix: "tb1-\(seed):")
        var world = try AdmissionUniverse(seed: seed)
        var run = ModelRun(client: client)
        try await run.publish(["org_1", "org_2"])
        for step in 0..<TestEffort.cases(10_000, full: 1_000_000) {
            world.tick()
            let problem = try await run.step(&world)
            if let problem {
                Issue.record("seed \(seed), step \(step): \(problem)")
                break
            }
        }
        #expect(run.kinds.count == 7, "every outcome was met: \(run.kinds)")
        await client.close()
    }
}

/// One walk through the world, with the model beside it.
private struct ModelRun {
    let client: HotClient
    var model = AdmissionModel()
    /// What was seen, by the outcome's name.
    var kinds: [String: Int] = [:]
    private var tags: [String: String] = [:]
    private var running: [(request: AdmissionRequest, atMs: Int)] = []

    init(client: HotClient) {
        self.client = client
    }

    mutating func publish(_ orgs: [String]) async throws {
        for org in orgs {
            let tag = "\(1 + self.tags.count):word"
            self.tags[org] = tag
            self.model.versions[org] = tag
            try await self.client.publish(org, tag: tag)
        }
    }

    /// nil, or what differed.
    mutating func step(_ world: inout AdmissionUniverse) async throws -> String? {
        switch world.pick(20) {
        case 0:
            try world.changePolicy()
            return nil
        case 1...4 where !self.running.isEmpty:
            return try await self.settle(&world)
        case 5 where !self.running.isEmpty:
            return try await self.heartbeat(&world)
        default:
            return try await self.admit(&world)
        }
    }

    private mutating func admit(_ world: inout AdmissionUniverse) async throws -> String? {
        var requests: [AdmissionRequest] = []
        for _ in 0..<(world.isOneIn(4) ? 2 + world.pick(4) : 1) {
            let plan = world.plan()
            requests.append(world.request(plan, tag: self.tags[plan.orgID] ?? ""))
        }
        let nowMs = world.nowMs
        // Sometimes the gateway's clock lags in the hour, though not in the month.
        let lagging = UsagePeriod(atMs: nowMs - UsagePeriod.hourMs)
        let current = UsagePeriod(atMs: nowMs)
        let period = world.isOneIn(10) && lagging.month == current.month ? lagging : current
        let real = try await self.client.admit(requests, nowMs: nowMs, period: period)
        guard real.count == requests.count else { return "\(real.count) of \(requests.count) results" }
        for (request, result) in zip(requests, real) {
            let expected = self.model.admit(request, nowMs: nowMs)
            self.kinds[Self.kind(result.outcome), default: 0] += 1
            if result != expected { return "\(request)\n at \(nowMs): \(result)\n expected \(expected)" }
            if case .admitted = result.outcome {
                self.running.append((request, nowMs))
                if self.running.count > 12 { self.running.remove(at: world.pick(12)) }
            }
        }
        return nil
    }

    private mutating func settle(_ world: inout AdmissionUniverse) async throws -> String? {
        let index = world.pick(self.running.count)
        let (request, atMs) = self.running[index]
        let settlement = Self.settlement(of: request, atMs: atMs, &world)
        // Most are settled once, some again.
        if !world.isOneIn(4) { self.running.remove(at: index) }
        let nowMs = world.nowMs
        let expected = self.model.settle(settlement, plan: request.plan, address: request.address, nowMs: nowMs)
        let real = try await self.client.settle(
            settlement, plan: request.plan, address: request.address, nowMs: nowMs)
        return real == expected ? nil : "\(settlement)\n at \(nowMs): \(real), expected \(expected)"
    }

    private static func settlement(
        of request: AdmissionRequest, atMs: Int, _ world: inout AdmissionUniverse
    ) -> Settlement {
        let results: [StoredResult] = [
            .response(status: 201, headers: Array("a: b\r\n".utf8), body: world.random.bytes(world.pick(300))),
            .unreplayable(status: 200, length: 5_000_000, sha256: world.random.bytes(32)),
            .failure(status: 502, slug: "upstream-connection-lost"),
        ]
        var guardian = Settlement.Guard.mark(id: Array("\(atMs)-\(request.leaseIDs)".utf8.prefix(100)), keepMs: 600_000)
        if let claim = request.claim {
            guardian = .claim(claim, world.isOneIn(4) ? .release : .store(results[world.pick(results.count)]))
        }
        let period = UsagePeriod(atMs: atMs)
        var settlement = Settlement(guard: guardian, leaseID: request.leaseIDs.first)
        if world.isOneIn(2) {
            settlement.quotas = [
                .init(meter: "tokens", amount: world.pick(300), month: period.month),
                .init(meter: "jobs", amount: -1, month: period.month),
            ]
        }
        if world.isOneIn(2) { settlement.cost = .init(reserved: request.cost, actual: world.pick(40)) }
        return settlement
    }

    private mutating func heartbeat(_ world: inout AdmissionUniverse) async throws -> String? {
        let (request, _) = self.running[world.pick(self.running.count)]
        let nowMs = world.nowMs
        let expected = self.model.heartbeat(
            request.plan, address: request.address, claim: request.claim, leaseID: request.leaseIDs.first,
            nowMs: nowMs)
        let real = try await self.client.heartbeat(
            request.plan, address: request.address, claim: request.claim, leaseID: request.leaseIDs.first,
            nowMs: nowMs)
        let isSame = real == [expected.claim ? 1 : 0, Int64(expected.leases)]
        return isSame ? nil : "heartbeat of \(request) at \(nowMs): \(real), expected \(expected)"
    }

    private static func kind(_ outcome: AdmissionOutcome) -> String {
        String("\(outcome)".prefix { $0 != "(" })
    }
}
