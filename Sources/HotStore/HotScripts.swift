import LuaScripts
public import RedisClient

/// The scripts as Redis knows them.
public enum HotScripts {
    public static let admit = RedisScript(name: "admit", source: LuaScripts.admit)
    public static let settle = RedisScript(name: "settle", source: LuaScripts.settle)
    public static let heartbeat = RedisScript(name: "heartbeat", source: LuaScripts.heartbeat)
    public static let forget = RedisScript(name: "forget", source: LuaScripts.forget)
    public static let report = RedisScript(name: "report", source: LuaScripts.report)
    public static let enrol = RedisScript(name: "enrol", source: LuaScripts.enrol)
    public static let publishKey = RedisScript(name: "publish_key", source: LuaScripts.publishKey)
    public static let publishSystem = RedisScript(name: "publish_system", source: LuaScripts.publishSystem)
    public static let publishOrg = RedisScript(name: "publish_org", source: LuaScripts.publishOrg)
    public static let expireClaim = RedisScript(name: "expire_claim", source: LuaScripts.expireClaim)

    /// Those that a link of the data path registers.
    public static let edge = [Self.admit, Self.settle, Self.heartbeat, Self.report, Self.enrol]
    /// Those of the control plane and the workers.
    public static let control = [
        Self.forget, Self.publishKey, Self.publishSystem, Self.publishOrg, Self.expireClaim,
    ]
}
