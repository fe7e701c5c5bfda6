public import Domain
public import NIOCore
public import RedisClient

public struct Keyspace: Sendable { public init(prefix: String) {} }
public enum PrincipalReads {
    public static func appendKey(_ k: Keyspace, digestHex: String, into: inout ByteBuffer) {}
    public static func appendVersion(_ k: Keyspace, org: String, into: inout ByteBuffer) {}
    public static func appendOrg(_ k: Keyspace, org: String, into: inout ByteBuffer) {}
}
public enum PrincipalRecordCodec {
    public static func key(_ r: borrowing RedisReply) -> KeyRecord? { nil }
    public static func org(_ r: borrowing RedisReply) -> OrgRecord? { nil }
    public static func versionTag(_ r: borrowing RedisReply) -> String? { nil }
}
public struct AdmissionPlan { public var buckets: [Limit] = []
    public init(principal: Principal, route: Route, configuration: Configuration) {} }
public struct AdmissionTemplate {
    public init(_ p: AdmissionPlan, principal: Principal, keyspace: Keyspace, serverRunID: String, wallMs: Int) {}
    public func append(count: Int, into: inout ByteBuffer) {}
}
public struct AdmissionReply { public init(_ r: borrowing RedisReply, template: AdmissionTemplate) {} }
public enum EdgeScripts { public static var all: [RedisScript] { [] } }
