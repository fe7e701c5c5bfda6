/// What the edge knows of the system as a whole.
public struct SystemRecord: Sendable, Equatable {
    /// Requests are refused with 503 `maintenance` while it is on.
    public var isInMaintenance: Bool
    /// Networks whose requests pass all the same, `10.0.0.0/8`.
    public var maintenanceAllowed: [String]
    /// When maintenance is expected to be over, Unix milliseconds; 0 where nobody has said.
    public var maintenanceUntilMs: Int
    /// Rises with every change; an older record never replaces a newer one.
    public var version: Int64

    public init(
        isInMaintenance: Bool = false, maintenanceAllowed: [String] = [], maintenanceUntilMs: Int = 0,
        version: Int64 = 0
    ) {
        self.isInMaintenance = isInMaintenance
        self.maintenanceAllowed = maintenanceAllowed
        self.maintenanceUntilMs = maintenanceUntilMs
        self.version = version
    }
}
