public import Domain
public import NIOCore
public import RedisClient

/// Encodes calls of lua/scripts/enrol.lua, with which gateways lease their part of the limits for the time without Redis.
public enum EnrolCommand {
    /// Appends the call.
    ///
    /// - Parameter nowMs: instead of Redis's clock, by tests.
    public static func append(
        _ renewal: ShareRenewal, gateway: String, _ keyspace: Keyspace, nowMs: Int = 0, into output: inout ByteBuffer
    ) {
        HotScripts.enrol.beginCall(keyCount: 1, argumentCount: 8, into: &output)
        RESPWriter.append(keyspace.shares, into: &output)
        RESPWriter.append(gateway, into: &output)
        RESPWriter.append("\(renewal.sequence)", into: &output)
        RESPWriter.append("\(renewal.divisor)", into: &output)
        RESPWriter.append("\(renewal.returned)", into: &output)
        RESPWriter.append(renewal.run, into: &output)
        RESPWriter.append("\(renewal.keepMs)", into: &output)
        RESPWriter.append("\(renewal.settleMs)", into: &output)
        RESPWriter.append("\(nowMs)", into: &output)
    }
}

extension ShareGrant {
    /// nil when the reply is not one.
    public init?(_ reply: borrowing RedisReply) {
        guard let divisor = reply.integer(at: 0), let stocked = reply.integer(at: 1),
            let gateways = reply.integer(at: 2)
        else { return nil }
        self.init(divisor: Int(divisor), isStocked: stocked == 1, gateways: Int(gateways))
    }
}
