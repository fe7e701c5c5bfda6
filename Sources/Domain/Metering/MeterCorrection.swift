/// How what an answer used differs from what its admission took for granted, for one meter.
public struct MeterCorrection: Sendable, Equatable {
    public var meter: String
    public var amount: Int
    /// Hours since 1970.
    public var hour: Int
    /// Whether it takes back, instead of adding.
    public var isVoid: Bool

    public init(meter: String, amount: Int, hour: Int, isVoid: Bool = false) {
        self.meter = meter
        self.amount = amount
        self.hour = hour
        self.isVoid = isVoid
    }
}
