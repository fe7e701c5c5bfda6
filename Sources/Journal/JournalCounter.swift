public import Domain

/// What one counter of a journal counts.
public struct JournalCounter: Sendable, Hashable {
    public var orgID: String
    public var keyID: String
    public var environment: Domain.Environment
    public var meter: String
    /// Hours since 1970.
    public var hour: Int

    public init(orgID: String, keyID: String, environment: Domain.Environment, meter: String, hour: Int) {
        self.orgID = orgID
        self.keyID = keyID
        self.environment = environment
        self.meter = meter
        self.hour = hour
    }
}

/// What a journal knows of the requests themselves.
public struct JournalBalance: Sendable, Equatable {
    /// Requests that were admitted.
    public var opened = 0
    /// Requests that ended: completed, failed or aborted. The rest expires with its gateway.
    public var settled = 0
    /// Units that found no room and were not written down. Anything but 0 is a loss.
    public var uncovered = 0

    public init() {}
}
