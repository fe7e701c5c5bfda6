public import Domain

/// The record of the system as a hash of Redis. Its version is written beside it, by the script that writes it.
public enum SystemRecordCodec {
    /// Fields and values, alternately, without the version.
    public static func encode(_ system: SystemRecord) -> [String] {
        [
            "maintenance", system.isInMaintenance ? "1" : "0", "networks", TextList.encode(system.maintenanceAllowed),
            "until", String(system.maintenanceUntilMs),
        ]
    }

    /// nil when a field is missing or not understood.
    public static func system(_ fields: [String: String]) -> SystemRecord? {
        guard let maintenance = fields["maintenance"], maintenance == "0" || maintenance == "1",
            let networks = fields["networks"].flatMap(TextList.decode),
            let version = fields["ver"].flatMap({ Int64($0) })
        else { return nil }
        // Records of before have no end.
        return SystemRecord(
            isInMaintenance: maintenance == "1", maintenanceAllowed: networks,
            maintenanceUntilMs: fields["until"].flatMap { Int($0) } ?? 0, version: version)
    }
}
