public import Domain
public import PostgresClient

/// Which usage to sum up.
public struct UsageQuery: Sendable, Hashable {
    /// Length of the sums, in UTC.
    public enum Step: String, Sendable, CaseIterable { case hour, day, month }

    /// Whose usage.
    public var orgID: String
    /// Only this key's.
    public var apiKeyID: String?
    /// Only live, or only test.
    public var environment: Environment?
    /// Only this meter's.
    public var meter: String?
    /// First hour, inclusive.
    public var from: PostgresInstant
    /// End, exclusive.
    public var until: PostgresInstant
    /// Length of the sums.
    public var step: Step
    /// One sum a key, instead of one for all.
    public var isByKey = false
    /// Only those after this one, in their order: the last of the page before.
    public var after: UsageSum?
    /// Sums given back at most.
    public var limit = 10_000

    /// All of an org's usage in a period.
    public init(orgID: String, from: PostgresInstant, until: PostgresInstant, step: Step) {
        self.orgID = orgID
        self.from = from
        self.until = until
        self.step = step
    }
}

/// A sum of usage.
public struct UsageSum: Sendable, Hashable {
    /// Start of the hour, day or month.
    public let start: PostgresInstant
    /// Live or test.
    public let environment: Environment
    /// What was counted.
    public let meter: String
    /// The key, where asked by key.
    public let apiKeyID: String?
    /// How much.
    public let quantity: Int64

    /// A sum.
    public init(start: PostgresInstant, environment: Environment, meter: String, apiKeyID: String?, quantity: Int64) {
        self.start = start
        self.environment = environment
        self.meter = meter
        self.apiKeyID = apiKeyID
        self.quantity = quantity
    }
}
