public import Domain

/// One field of a meter hash: `<l|t>:<key id>:<meter>:<hour>`, and `:v` for what was taken back. Both only rise; the
/// usage is their difference.
public struct UsageField: Sendable, Equatable, Hashable {
    public var environment: Domain.Environment
    public var keyID: String
    public var meter: String
    /// Hours since 1970.
    public var hour: Int
    public var isVoid: Bool

    public init(environment: Domain.Environment, keyID: String, meter: String, hour: Int, isVoid: Bool = false) {
        self.environment = environment
        self.keyID = keyID
        self.meter = meter
        self.hour = hour
        self.isVoid = isVoid
    }

    public var text: String {
        "\(Keyspace.letter(self.environment)):\(self.keyID):\(self.meter):\(self.hour)\(self.isVoid ? ":v" : "")"
    }

    /// nil when it is not such a field. A key id may contain colons, a meter may not.
    public init?(text: String) {
        var parts = text.split(separator: ":", omittingEmptySubsequences: false)
        self.isVoid = parts.last == "v"
        if self.isVoid { parts.removeLast() }
        guard parts.count >= 4, let hour = Int(parts[parts.count - 1]) else { return nil }
        switch parts[0] {
        case "l": self.environment = .live
        case "t": self.environment = .test
        default: return nil
        }
        self.keyID = parts[1..<(parts.count - 2)].joined(separator: ":")
        self.meter = String(parts[parts.count - 2])
        self.hour = hour
    }
}
