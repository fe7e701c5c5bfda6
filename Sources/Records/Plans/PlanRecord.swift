public import Domain

/// A plan and its price.
public struct PlanRecord: Sendable, Equatable {
    /// What it grants.
    public var plan: Plan
    /// Cents a month; nil is agreed upon with each customer.
    public var priceCents: Int?
    /// ISO 4217, lower-case.
    public var currency: String
    /// Who has said last what it grants.
    public var source: Source

    /// Where a plan's content comes from.
    public enum Source: String, Sendable, CaseIterable {
        /// The first migration: nobody has said anything yet.
        case `default`
        /// The configuration file, until the records are changed.
        case file
        /// The admin API. The file says nothing any more.
        case records
    }

    /// A plan with a price.
    public init(_ plan: Plan, priceCents: Int?, currency: String = "usd", source: Source = .records) {
        self.plan = plan
        self.priceCents = priceCents
        self.currency = currency
        self.source = source
    }
}
