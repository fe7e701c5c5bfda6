public import NIOCore
import RedisClient

/// Tells the workers which meter hashes have fresh usage. A gateway sends it at most once a second for each hash, not
/// with every request; what is missed is found by the workers' scan.
public enum DirtyCommand {
    /// `SADD` of names of meter hashes (``Keyspace/meters(org:epoch:)``); at least one. The reply does not matter.
    public static func append(_ meterHashes: [String], _ keyspace: Keyspace, into output: inout ByteBuffer) {
        RESPWriter.beginCommand(argumentCount: 2 + meterHashes.count, into: &output)
        RESPWriter.append("SADD", into: &output)
        RESPWriter.append(keyspace.dirty, into: &output)
        for name in meterHashes { RESPWriter.append(name, into: &output) }
    }
}
