import Domain
import Glibc
import PostgresClient
import Records

/// Where a page of usage ended: `<seconds>.<l|t>.<key>.<meter>`. The meter comes last because it may have points.
enum UsageCursor {
    static func text(_ sum: UsageSum) -> String {
        let letter = sum.environment == .live ? "l" : "t"
        return "\(sum.start.unixMicroseconds / 1_000_000).\(letter).\(sum.apiKeyID ?? "").\(sum.meter)"
    }

    /// nil for what `text` never writes.
    static func sum(_ text: String) -> UsageSum? {
        let parts = text.split(separator: ".", maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 4, let seconds = Int64(parts[0]), abs(seconds) < 253_402_300_800,
            ["l", "t"].contains(parts[1])
        else { return nil }
        return UsageSum(
            start: PostgresInstant(unixSeconds: seconds), environment: parts[1] == "l" ? .live : .test,
            meter: String(parts[3]), apiKeyID: parts[2].isEmpty ? nil : String(parts[2]), quantity: 0)
    }

    static func startOfMonth(_ instant: PostgresInstant) -> PostgresInstant {
        var seconds = time_t(instant.unixMicroseconds / 1_000_000)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        parts.tm_mday = 1
        parts.tm_hour = 0
        parts.tm_min = 0
        parts.tm_sec = 0
        return PostgresInstant(unixSeconds: Int64(timegm(&parts)))
    }
}
