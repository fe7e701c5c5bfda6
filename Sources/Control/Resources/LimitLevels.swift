import Domain
import HotStore
import Records
import RedisClient

/// Reads how full buckets are, as the next admission would find them.
struct LimitLevels {
    private let stores: AdminStores

    init(_ stores: AdminStores) { self.stores = stores }

    /// - Throws: ``AdminProblem`` 503 without Redis.
    func read(_ record: EdgeRecord, route: Route) async throws -> JSON {
        guard let redis = self.stores.redis else { throw AdminProblem(.limiterUnavailable) }
        let principal = Principal(key: record.key.record, org: record.org, versionTag: "")
        let plan: AdmissionPlan
        do {
            plan = try AdmissionPlan(principal, route: route, configuration: self.stores.configuration)
        } catch {
            throw AdminProblem(.conflict, detail: "The key's limits cannot be counted: \(error).")
        }
        let groups = plan.groups.filter { $0.scope != .ip }
        let leases = plan.leases.filter { $0.scope != .ip }
        do {
            let nowMs = try await Self.nowMs(redis)
            return [
                "route": .string(route.id),
                "buckets": .array(try await self.buckets(groups, plan, nowMs, redis)),
                "in_flight": .array(try await self.inFlight(leases, plan, nowMs, redis)),
                "quotas": .array(try await self.quotas(plan, nowMs, redis)),
            ]
        } catch let failure as RedisFailure {
            throw AdminProblem(.limiterUnavailable, detail: "Redis cannot be asked: \(failure).")
        }
    }

    private func buckets(_ groups: [BucketGroup], _ plan: AdmissionPlan, _ nowMs: Int, _ redis: RedisConnection)
        async throws -> [JSON]
    {
        guard !groups.isEmpty else { return [] }
        let replies = try await redis.pipeline(
            groups.map { group in
                [
                    "GET",
                    .text(
                        self.stores.keyspace.group(
                            org: plan.orgID, plan.environment, group.scope, subject: group.subject, group.source)),
                ]
            })
        var buckets: [JSON] = []
        for (group, reply) in zip(groups, replies) {
            var state: PackedBuckets?
            if case .string(let bytes) = reply { state = PackedBuckets(bytes) }
            for rule in group.rules {
                let level = state?.level(of: rule, nowMs: nowMs) ?? rule.full
                buckets.append([
                    "limit": .string(rule.name), "scope": .string(group.scope.rawValue),
                    "subject": .string(group.subject), "source": .string(Self.text(group.source)),
                    "capacity": .int(rule.capacity), "remaining": .int(rule.remaining(level)),
                    "full_in_ms": .int(rule.msToFull(level)),
                ])
            }
        }
        return buckets
    }

    private func inFlight(
        _ leases: [AdmissionPlan.LeaseRule], _ plan: AdmissionPlan, _ nowMs: Int, _ redis: RedisConnection
    )
        async throws -> [JSON]
    {
        guard !leases.isEmpty else { return [] }
        let replies = try await redis.pipeline(
            leases.map { lease in
                [
                    "ZCOUNT",
                    .text(
                        self.stores.keyspace.leases(
                            org: plan.orgID, plan.environment, lease.scope, subject: lease.subject, lease.source,
                            name: lease.name)), .text("(\(nowMs)"), "+inf",
                ]
            })
        return zip(leases, replies).map { lease, reply in
            [
                "limit": .string(lease.name), "scope": .string(lease.scope.rawValue), "subject": .string(lease.subject),
                "max": .int(lease.max), "now": .integer(reply.integer ?? 0),
            ]
        }
    }

    private func quotas(_ plan: AdmissionPlan, _ nowMs: Int, _ redis: RedisConnection) async throws -> [JSON] {
        guard !plan.quotas.isEmpty else { return [] }
        let month = UsagePeriod(atMs: nowMs).month
        let replies = try await redis.pipeline(
            plan.quotas.map { quota in
                [
                    "GET",
                    .text(
                        self.stores.keyspace.quota(
                            org: plan.orgID, plan.environment, meter: quota.meter, month: month)),
                ]
            })
        return zip(plan.quotas, replies).map { quota, reply in
            [
                "meter": .string(quota.meter), "per_month": .int(quota.limit),
                "used": .integer(max(0, reply.integer ?? 0)),
            ]
        }
    }

    private static func nowMs(_ redis: RedisConnection) async throws -> Int {
        let time = try await redis.command("TIME").elements ?? []
        guard time.count == 2, let seconds = time[0].integer, let micros = time[1].integer else { return 0 }
        return Int(seconds) * 1_000 + Int(micros) / 1_000
    }

    private static func text(_ source: BucketGroup.Source) -> String {
        switch source {
        case .base: "base"
        case .route(let id): "route:\(id)"
        }
    }
}
