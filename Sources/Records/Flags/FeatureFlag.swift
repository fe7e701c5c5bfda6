/// A switch that gates routes and limits.
public struct FeatureFlag: Sendable, Hashable {
    /// Lower-case name, unique.
    public var key: String
    /// For people.
    public var description: String
    /// Where nothing else says so.
    public var defaultValue: Bool
    /// By code of the plan.
    public var planValues: [String: Bool]

    /// A flag that is off unless told otherwise.
    public init(key: String, description: String = "", defaultValue: Bool = false, planValues: [String: Bool] = [:]) {
        self.key = key
        self.description = description
        self.defaultValue = defaultValue
        self.planValues = planValues
    }
}
