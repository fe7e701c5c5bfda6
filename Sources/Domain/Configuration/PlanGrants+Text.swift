/// Each entry as one short text, its parts between spaces; no name contains one. PostgreSQL makes the same texts
/// (`plan_limit_texts` and its like), and records in Redis hold them.
extension PlanGrants {
    /// `burst key 20 100 60000`, with `cost` at the end where a request takes its cost.
    public var limitTexts: [String] {
        self.limits.map { limit in
            "\(limit.name) \(limit.scope.rawValue) \(limit.capacity) \(limit.refill) \(limit.periodMs)"
                + (limit.unit == .cost ? " cost" : "")
        }
    }

    /// `jobs 1000`
    public var quotaTexts: [String] { self.quotas.map { "\($0.meter) \($0.perMonth)" } }

    /// `in-flight org 10`
    public var capTexts: [String] { self.concurrency.map { "\($0.name) \($0.scope.rawValue) \($0.max)" } }

    /// nil when a text is not understood.
    public init?(limits: [String], quotas: [String], caps: [String], features: [String]) {
        self.init()
        self.features = features
        for text in limits {
            guard let limit = Self.limit(text) else { return nil }
            self.limits.append(limit)
        }
        for text in quotas {
            let parts = text.split(separator: " ", omittingEmptySubsequences: false)
            guard parts.count == 2, let perMonth = Int(parts[1]) else { return nil }
            self.quotas.append(Quota(meter: String(parts[0]), perMonth: perMonth))
        }
        for text in caps {
            let parts = text.split(separator: " ", omittingEmptySubsequences: false)
            guard parts.count == 3, let scope = LimitScope(rawValue: String(parts[1])), let max = Int(parts[2]) else {
                return nil
            }
            self.concurrency.append(ConcurrencyLimit(name: String(parts[0]), scope: scope, max: max))
        }
    }

    private static func limit(_ text: String) -> Limit? {
        let parts = text.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 5 || (parts.count == 6 && parts[5] == "cost"),
            let scope = LimitScope(rawValue: String(parts[1])), let capacity = Int(parts[2]),
            let refill = Int(parts[3]), let periodMs = Int(parts[4])
        else { return nil }
        return Limit(
            name: String(parts[0]), scope: scope, capacity: capacity, refill: refill, periodMs: periodMs,
            unit: parts.count == 6 ? .cost : .requests)
    }
}
