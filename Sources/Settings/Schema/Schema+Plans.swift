import Domain

/// What is granted: limits, caps, quotas and plans.
extension Schema {
    static func limit() -> Record<Limit> {
        var list = FieldList { Limit(name: "", scope: .key, capacity: 1, refill: 1, periodMs: 1) }
        list.add(
            "name", \.name, limitName(), "Names the bucket in `RateLimit` fields, problem documents and overrides.",
            isRequired: true)
        list.add(
            "scope", \.scope, Shapes.choice(LimitScope.self),
            "Whom one bucket counts together: the key, its user, its org, the org's requests from one address, or the "
                + "org's requests to one route.", isRequired: true)
        list.add(
            "capacity", \.capacity, Shapes.integer(1...1_000_000_000_000), "Tokens in a full bucket.", isRequired: true)
        list.add(
            "refill", \.rate, Shapes.rate(), "How fast the bucket fills: `100 per 60s`, `10/s`, `1000/day`.",
            isRequired: true)
        list.add(
            "unit", \.unit, Shapes.choice(Limit.Unit.self), "What one request takes: one token, or its route's cost.")
        return Record(
            title: "limit", summary: "A token bucket.", blank: list.blank,
            sample: { Limit(name: "burst", scope: .key, capacity: 20, refill: 100, periodMs: 60_000) },
            fields: list.fields, check: checkArithmetic)
    }

    static func addressLimit() -> Record<Limit> {
        var list = FieldList { Limit(name: "address", scope: .ip, capacity: 1, refill: 1, periodMs: 1) }
        list.add("name", \.name, limitName(), "Names the limit in problem documents.")
        list.add(
            "capacity", \.capacity, Shapes.integer(1...1_000_000_000), "Requests in a full bucket.", isRequired: true)
        list.add("refill", \.rate, Shapes.rate(), "How fast the bucket fills: `100 per 60s`, `10/s`.", isRequired: true)
        return Record(
            title: "address limit", summary: "A token bucket for one client address, in the memory of one event loop.",
            blank: list.blank,
            sample: { Limit(name: "address", scope: .ip, capacity: 200, refill: 100, periodMs: 1_000) },
            fields: list.fields, check: checkArithmetic)
    }

    private static func limitName() -> Shape<String> {
        Shapes.text(
            "name", expected: "1 to 32 letters, digits, '_' and '-'",
            where: { text in
                (1...32).contains(text.utf8.count)
                    && text.utf8.allSatisfy { TokenText.isLetterOrDigit($0) || $0 == 0x5F || $0 == 0x2D }
            })
    }

    /// Asks the rule that will count it: levels are kept in whole sub-units, which have to stay below 2^53.
    private static func checkArithmetic(_ reader: SettingsReader, _ path: String, _ limit: Limit) {
        guard (try? BucketRule(limit)) == nil else { return }
        reader.report(
            "\(path).refill",
            Complaint(
                "a capacity this large cannot be counted exactly with a refill this slow",
                expected: "numbers that stay below 2^53 in the smallest unit of both",
                mend: "lower the capacity, or give the refill for a shorter period"))
    }

    static func concurrency() -> Record<ConcurrencyLimit> {
        var list = FieldList { ConcurrencyLimit(name: "", scope: .org, max: 1) }
        list.add("name", \.name, limitName(), "Names the cap in problem documents.", isRequired: true)
        list.add(
            "scope", \.scope, Shapes.choice(LimitScope.self), "Whose requests are counted together.", isRequired: true)
        list.add("max", \.max, Shapes.integer(1...1_000_000), "Requests in flight at the same time.", isRequired: true)
        return Record(
            title: "concurrency limit", summary: "A cap on requests in flight.", blank: list.blank,
            sample: { ConcurrencyLimit(name: "in-flight", scope: .org, max: 50) }, fields: list.fields)
    }

    static func quota() -> Record<Quota> {
        var list = FieldList { Quota(meter: "", perMonth: 0) }
        list.add("meter", \.meter, meterName(), "The meter that is bounded; a route must count it.", isRequired: true)
        list.add(
            "per_month", \.perMonth, Shapes.integer(0...9_007_199_254_740_991),
            "How much may be used in a calendar month (UTC).",
            isRequired: true)
        return Record(
            title: "quota", summary: "How much of a meter an org may use in a calendar month (UTC).", blank: list.blank,
            sample: { Quota(meter: "requests", perMonth: 100_000) }, fields: list.fields)
    }

    static func meterName() -> Shape<String> {
        Shapes.text(
            "meter name", expected: "1 to 32 lower-case letters, digits and '_', a letter first",
            where: { TokenText.isLower($0, extra: "_", max: 32, letterFirst: true) })
    }

    static func featureName() -> Shape<String> {
        Shapes.text(
            "feature name", expected: "1 to 64 lower-case letters, digits and '_.-', a letter first",
            where: { TokenText.isLower($0, extra: "_.-", max: 64, letterFirst: true) })
    }

    static func plan() -> Record<Plan> {
        var list = FieldList { Plan(code: "", name: "") }
        list.add(
            "code", \.code, planCode(), "`FREE`, `PRO`, `ENTERPRISE` or one of your own; what the records refer to.",
            isRequired: true)
        list.add("name", \.name, Shapes.text(), "For people.", isRequired: true)
        list.add("limits", \.limits, limit().shape.list(), "Limits of every key and org on the plan.")
        list.add("quotas", \.quotas, quota().shape.list(), "Monthly quotas of an org on the plan.")
        list.add("concurrency", \.concurrency, concurrency().shape.list(), "Caps on requests in flight.")
        list.add("features", \.features, featureName().list(), "Features that routes may ask for.")
        return Record(
            title: "plan", summary: "What an organisation can buy, and what that grants.", blank: list.blank,
            sample: { Plan(code: "FREE", name: "Free") }, fields: list.fields)
    }

    private static func planCode() -> Shape<String> {
        Shapes.text(
            "plan code", expected: "1 to 32 upper-case letters, digits and '_', a letter first",
            where: { text in
                TokenText.isLower(text.lowercased(), extra: "_", max: 32, letterFirst: true)
                    && text == text.uppercased()
            })
    }
}

extension Limit {
    /// Refill and period as they are written together.
    var rate: Rate {
        get { Rate(tokens: refill, periodMs: periodMs) }
        set { (refill, periodMs) = (newValue.tokens, newValue.periodMs) }
    }
}
