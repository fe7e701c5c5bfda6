/// The scripts of `lua/scripts`, as they were when this program was built.
public enum LuaScripts {
    public static let admit = Self.composed(PackageResources.admit_lua)
    public static let settle = Self.composed(PackageResources.settle_lua)
    public static let heartbeat = Self.composed(PackageResources.heartbeat_lua)
    public static let forget = Self.composed(PackageResources.forget_lua)
    public static let report = Self.composed(PackageResources.report_lua)
    public static let enrol = Self.composed(PackageResources.enrol_lua)
    public static let publishKey = Self.composed(PackageResources.publish_key_lua)
    public static let publishSystem = Self.composed(PackageResources.publish_system_lua)
    public static let publishOrg = Self.composed(PackageResources.publish_org_lua)
    public static let expireClaim = Self.composed(PackageResources.expire_claim_lua)

    /// The text of a script, with what it includes in place of `--include NAME`.
    private static func composed(_ bytes: [UInt8]) -> String {
        let group = String(decoding: PackageResources.group_lua, as: UTF8.self)
        return String(decoding: bytes, as: UTF8.self)
            .split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0.drop { $0 == " " } == "--include group" ? Substring(group) : $0 }
            .joined(separator: "\n")
    }
}
