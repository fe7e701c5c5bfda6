public import NIOCore
import RedisClient

/// Encodes calls of lua/scripts/enrol.lua, with which gateways know how many they are. The reply is their number.
public enum EnrolCommand {
    /// Appends the call.
    ///
    /// - Parameter keepMs: how long the gateway counts without another call; 0 takes it out.
    public static func append(gateway: String, keepMs: Int, _ keyspace: Keyspace, into output: inout ByteBuffer) {
        HotScripts.enrol.beginCall(keyCount: 1, argumentCount: 2, into: &output)
        RESPWriter.append(keyspace.gateways, into: &output)
        RESPWriter.append(gateway, into: &output)
        RESPWriter.append("\(keepMs)", into: &output)
    }
}
