/// Whom one bucket counts together. `route` means the org's requests to one route, `ip` the org's requests from one
/// address: every key that one admission touches carries the org as hash tag.
public enum LimitScope: String, Sendable, CaseIterable, Hashable { case key, user, org, ip, route }

/// A token bucket as configured: `capacity` tokens at most, `refill` tokens every `periodMs`.
public struct Limit: Sendable, Equatable, Hashable {
    /// Names the bucket in `RateLimit` fields, problem documents and overrides; `[A-Za-z0-9_-]{1,32}`.
    public var name: String
    public var scope: LimitScope
    public var capacity: Int
    public var refill: Int
    public var periodMs: Int
    /// What one request takes: one token, or its cost.
    public var unit = Unit.requests

    public enum Unit: String, Sendable, CaseIterable { case requests, cost }

    public init(name: String, scope: LimitScope, capacity: Int, refill: Int, periodMs: Int, unit: Unit = .requests) {
        self.name = name
        self.scope = scope
        self.capacity = capacity
        self.refill = refill
        self.periodMs = periodMs
        self.unit = unit
    }
}

/// A cap on requests in flight, kept as expiring leases.
public struct ConcurrencyLimit: Sendable, Equatable, Hashable {
    public var name: String
    public var scope: LimitScope
    public var max: Int

    public init(name: String, scope: LimitScope, max: Int) {
        self.name = name
        self.scope = scope
        self.max = max
    }
}

/// How much of a meter an org may use in a calendar month (UTC).
public struct Quota: Sendable, Equatable, Hashable {
    public var meter: String
    public var perMonth: Int

    public init(meter: String, perMonth: Int) {
        self.meter = meter
        self.perMonth = perMonth
    }
}

/// A record that replaces capacity and refill of the limits of one scope and subject (SPEC §1 `rate_limit_buckets`).
public struct LimitOverride: Sendable, Equatable, Hashable {
    public var scope: LimitScope
    /// The key id, user id, org id, address or route id.
    public var subject: String
    /// The limit's name; nil replaces every limit of the scope.
    public var limit: String?
    public var capacity: Int
    public var refill: Int
    public var periodMs: Int

    public init(scope: LimitScope, subject: String, limit: String?, capacity: Int, refill: Int, periodMs: Int) {
        self.scope = scope
        self.subject = subject
        self.limit = limit
        self.capacity = capacity
        self.refill = refill
        self.periodMs = periodMs
    }
}
