public import Domain
public import PostgresClient

/// What one life of a Redis (`epoch`) has counted so far for one key, meter and hour. Absolute and growing: reporting
/// it twice, late or out of order does no harm.
public struct UsageCounter: Sendable, Hashable {
    /// Names the life of the Redis; a Redis that came back empty has a new one.
    public var epoch: String
    /// Whose usage.
    public var orgID: String
    /// By which key.
    public var apiKeyID: String
    /// Live or test.
    public var environment: Environment
    /// What is counted.
    public var meter: String
    /// Start of a UTC hour.
    public var windowStart: PostgresInstant
    /// All that was ever added.
    public var added: Int64
    /// What of it was taken back; at most `added`.
    public var voided: Int64

    /// A counter's state.
    public init(
        epoch: String, orgID: String, apiKeyID: String, environment: Environment, meter: String,
        windowStart: PostgresInstant, added: Int64, voided: Int64 = 0
    ) {
        self.epoch = epoch
        self.orgID = orgID
        self.apiKeyID = apiKeyID
        self.environment = environment
        self.meter = meter
        self.windowStart = windowStart
        self.added = added
        self.voided = voided
    }

    /// Whether the records take it: one counter that cannot be true must not hold up the others.
    var isRecordable: Bool {
        self.voided >= 0 && self.voided <= self.added && self.windowStart.unixMicroseconds % 3_600_000_000 == 0
            && (1...64).contains(self.epoch.unicodeScalars.count) && (1...64).contains(self.meter.unicodeScalars.count)
            && !(self.epoch + self.orgID + self.apiKeyID + self.meter).utf8.contains(0)
    }
}
