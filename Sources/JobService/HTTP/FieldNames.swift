import HTTPTypes

extension HTTPField.Name {
    static let tollgateOrg = Self.ours("X-Tollgate-Org")
    static let tollgateKey = Self.ours("X-Tollgate-Key")
    static let tollgateEnvironment = Self.ours("X-Tollgate-Environment")
    static let requestID = Self.ours("X-Request-Id")
    /// Units of a job, for the edge to meter: estimated while the job is under way, exact once it has ended.
    static let jobUnits = Self.ours("X-Job-Units")
    /// Tells proxies of nginx's kin not to hold an event stream back.
    static let accelBuffering = Self.ours("X-Accel-Buffering")
    static let lastEventID = Self.ours("Last-Event-ID")

    /// For the constants above, which are tokens beyond doubt.
    private static func ours(_ name: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(name) else { preconditionFailure("\(name) is no field name") }
        return name
    }
}
