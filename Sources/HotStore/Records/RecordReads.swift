public import NIOCore
import RedisClient

/// The commands that read a principal. A key that a gateway does not know yet is read in two steps, so that the version
/// is never newer than the records it is kept with: first `appendKey`, which tells the org; then, in this order in one
/// write, `appendVersion`, `appendOrg` and `appendKey` again. Whoever publishes writes the version last.
public enum RecordReads {
    /// `GET` of a key's record, by the hexadecimal SHA-256 of the key.
    public static func appendKey(sha256Hex: String, _ keyspace: Keyspace, into output: inout ByteBuffer) {
        Self.append("GET", keyspace.keyRecord(sha256Hex: sha256Hex), into: &output)
    }

    /// `HGETALL` of an org's record.
    public static func appendOrg(_ orgID: String, _ keyspace: Keyspace, into output: inout ByteBuffer) {
        Self.append("HGETALL", keyspace.orgRecord(orgID), into: &output)
    }

    /// `GET` of an org's version tag.
    public static func appendVersion(ofOrg orgID: String, _ keyspace: Keyspace, into output: inout ByteBuffer) {
        Self.append("GET", keyspace.version(ofOrg: orgID), into: &output)
    }

    /// `HGETALL` of the system's record.
    public static func appendSystem(_ keyspace: Keyspace, into output: inout ByteBuffer) {
        Self.append("HGETALL", keyspace.system, into: &output)
    }

    private static func append(_ command: String, _ name: String, into output: inout ByteBuffer) {
        RESPWriter.beginCommand(argumentCount: 2, into: &output)
        RESPWriter.append(command, into: &output)
        RESPWriter.append(name, into: &output)
    }
}
