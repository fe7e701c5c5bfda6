public import Domain

/// A plan and its price.
public struct PlanRecord: Sendable, Equatable {
    /// What it grants.
    public var plan: Plan
    /// Cents a month; nil is agreed upon with each customer.
    public var priceCents: Int?
    /// ISO 4217, lower-case.
    public var currency: String

    /// A plan with a price.
    public init(_ plan: Plan, priceCents: Int?, currency: String = "usd") {
        self.plan = plan
        self.priceCents = priceCents
        self.currency = currency
    }
}
