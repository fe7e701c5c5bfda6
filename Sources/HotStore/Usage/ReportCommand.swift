public import NIOCore
import RedisClient

/// Encodes calls of lua/scripts/report.lua, with which a gateway tells what it has counted. The reply is how many counters
/// rose.
public enum ReportCommand {
    /// As many counters as one call should hold, so that no admission waits long behind it.
    public static let countersMax = 256
    /// A hash that nobody tells of any more is forgotten: long after everything in it was recorded or told again.
    private static let keepMs = 72 * 3_600_000

    /// Appends the call; at least one counter.
    public static func append(
        _ counters: [UsageCounters.Counter], meterHash: String, into output: inout ByteBuffer
    ) {
        HotScripts.report.beginCall(keyCount: 1, argumentCount: 1 + 2 * counters.count, into: &output)
        RESPWriter.append(meterHash, into: &output)
        RESPWriter.append("\(Self.keepMs)", into: &output)
        for counter in counters {
            RESPWriter.append(counter.field.text, into: &output)
            RESPWriter.append("\(counter.value)", into: &output)
        }
    }
}
