/// What an org gets of a flag, and why: its own override counts first, then the plan's value, then what the plan grants,
/// then the default. The twin of the view `edge_orgs`.
public struct FlagDecision: Sendable, Hashable {
    /// What decided.
    public enum Reason: String, Sendable, CaseIterable {
        /// The org's own value.
        case orgOverride = "org_override"
        /// The flag's value for the plan.
        case planValue = "plan_value"
        /// The plan lists the feature.
        case planFeature = "plan_feature"
        /// Nothing else says so.
        case fallback = "default"
    }

    /// The flag.
    public let key: String
    /// Whether it is on.
    public let value: Bool
    /// What decided.
    public let reason: Reason

    /// - Parameters:
    ///   - plan: the code of the org's plan, and the features that it lists.
    ///   - override: the org's own value.
    public init(_ flag: FeatureFlag, plan: (code: String, features: [String]), override: Bool?) {
        self.key = flag.key
        if let override {
            (self.value, self.reason) = (override, .orgOverride)
        } else if let value = flag.planValues[plan.code] {
            (self.value, self.reason) = (value, .planValue)
        } else if plan.features.contains(flag.key) {
            (self.value, self.reason) = (true, .planFeature)
        } else {
            (self.value, self.reason) = (flag.defaultValue, .fallback)
        }
    }
}
