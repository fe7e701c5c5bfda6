public import NIOCore

/// Renders what an answer says about limits: `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers,
/// named items since -08), the older `X-RateLimit-*` trio, and when to come back.
///
/// Values for any protocol version; `append…Lines` for HTTP/1.1, with names and CRLFs. None of these belong on 401 and
/// 403, where they would tell a stranger about somebody's quota (RL-6).
public enum RateLimitFields {
    /// Appends the value of `RateLimit-Policy`: `"burst";q=20;w=12;gw-rate=100;gw-per=60, "day";…`.
    public static func appendPolicies(_ readings: Span<RateLimitReading>, to writer: inout HeadWriter) {
        for index in 0..<readings.count {
            if index > 0 { writer.write(", ") }
            writer.write(readings[index].policy.item.span)
        }
    }

    /// Appends the value of `RateLimit`: `"burst";r=0;t=1, "day";r=99480`.
    ///
    /// `t`, the seconds until there is more, only for a limit that is used up or denied the request, and never later
    /// than `Retry-After` says (RL-3).
    public static func appendLimits(_ readings: Span<RateLimitReading>, to writer: inout HeadWriter) {
        let waitMs = self.waitMs(readings)
        let retrySeconds = waitMs > 0 ? self.retryAfterSeconds(waitMs: waitMs) : Int.max
        for index in 0..<readings.count {
            let reading = readings[index]
            if index > 0 { writer.write(", ") }
            writer.write(reading.policy.item.span.extracting(0..<reading.policy.nameCount))
            writer.write(";r=")
            writer.write(decimal: reading.remaining)
            guard reading.isDenied || reading.remaining == 0, reading.nextMs > 0 else { continue }
            let seconds = self.ceilSeconds(reading.nextMs)
            guard reading.isDenied || seconds <= retrySeconds else { continue }
            writer.write(";t=")
            writer.write(decimal: min(seconds, retrySeconds, RateLimitPolicy.integerMax))
        }
    }

    /// Appends `RateLimit-Policy` and `RateLimit` lines; nothing where there is no limit.
    public static func appendLines(_ readings: Span<RateLimitReading>, to writer: inout HeadWriter) {
        guard !readings.isEmpty else { return }
        writer.write("RateLimit-Policy: ")
        self.appendPolicies(readings, to: &writer)
        writer.write("\r\nRateLimit: ")
        self.appendLimits(readings, to: &writer)
        writer.write("\r\n")
    }

    /// Appends the lines `X-RateLimit-Limit`, `-Remaining` and `-Reset` of the limit nearest exhaustion.
    public static func appendLegacyLines(
        _ readings: Span<RateLimitReading>, nowMs: Int64, to writer: inout HeadWriter
    ) {
        guard let nearest = self.nearestExhaustion(readings) else { return }
        let reading = readings[nearest]
        self.appendLine("X-RateLimit-Limit: ", reading.policy.capacity, to: &writer)
        self.appendLine("X-RateLimit-Remaining: ", reading.remaining, to: &writer)
        self.appendLine("X-RateLimit-Reset: ", self.resetSeconds(reading, nowMs: nowMs), to: &writer)
    }

    /// Appends the lines `Retry-After`, whole seconds, and `retry-after-ms`, exact; nothing where waiting does not help.
    public static func appendRetryLines(waitMs: Int, to writer: inout HeadWriter) {
        guard waitMs > 0 else { return }
        self.appendLine("Retry-After: ", self.retryAfterSeconds(waitMs: waitMs), to: &writer)
        self.appendLine("retry-after-ms: ", waitMs, to: &writer)
    }

    /// As `appendRetryLines(waitMs:to:)`, behind what is there already.
    public static func appendRetryLines(waitMs: Int, to buffer: inout ByteBuffer) {
        var writer = HeadWriter(&buffer, room: 96)
        self.appendRetryLines(waitMs: waitMs, to: &writer)
        writer.finish(&buffer)
    }

    /// How long the request has to wait for every limit: the longest wait, 0 where none denied, −1 where one never fits.
    public static func waitMs(_ readings: Span<RateLimitReading>) -> Int {
        var longest = 0
        for index in 0..<readings.count {
            let waitMs = readings[index].waitMs
            if waitMs < 0 { return -1 }
            longest = max(longest, waitMs)
        }
        return longest
    }

    /// `Retry-After` for a wait: rounded up, at least 1.
    public static func retryAfterSeconds(waitMs: Int) -> Int {
        max(1, self.ceilSeconds(waitMs))
    }

    /// `X-RateLimit-Reset`: the Unix second, rounded up, at which the limit is full again (RL-7).
    public static func resetSeconds(_ reading: RateLimitReading, nowMs: Int64) -> Int {
        let (sum, overflow) = Int(max(0, nowMs)).addingReportingOverflow(reading.fullMs)
        return overflow ? RateLimitPolicy.integerMax : self.ceilSeconds(sum)
    }

    /// The index of the limit to show where only one can be: one that denied the request before one that did not, then
    /// the least remaining part of the capacity, then the first.
    public static func nearestExhaustion(_ readings: Span<RateLimitReading>) -> Int? {
        guard !readings.isEmpty else { return nil }
        var best = 0
        for index in 1..<max(1, readings.count) where self.isNearer(readings[index], than: readings[best]) {
            best = index
        }
        return best
    }

    private static func isNearer(_ reading: RateLimitReading, than other: RateLimitReading) -> Bool {
        if reading.isDenied != other.isDenied { return reading.isDenied }
        let left = reading.remaining.multipliedFullWidth(by: other.policy.capacity)
        let right = other.remaining.multipliedFullWidth(by: reading.policy.capacity)
        return (left.high, left.low) < (right.high, right.low)
    }

    private static func appendLine(_ name: StaticString, _ value: Int, to writer: inout HeadWriter) {
        writer.write(name)
        writer.write(decimal: value)
        writer.write("\r\n")
    }

    private static func ceilSeconds(_ ms: Int) -> Int {
        ms / 1000 + (ms % 1000 > 0 ? 1 : 0)
    }
}
