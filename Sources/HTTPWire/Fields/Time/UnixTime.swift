/// Arithmetic on Unix time in milliseconds, UTC: the windows of meters and quotas.
///
/// Times outside the years 1–9999 count as the nearest bound, so that no input can overflow.
public enum UnixTime {
    /// Milliseconds of an hour, the length of a meter's window.
    public static let hourMs: Int64 = 3_600_000
    /// Milliseconds of a day.
    public static let dayMs: Int64 = 86_400_000
    /// 0001-01-01T00:00:00.000Z to 9999-12-31T23:59:59.999Z.
    static let range: ClosedRange<Int64> = -62_135_596_800_000...253_402_300_799_999

    /// The start of the UTC hour a time lies in.
    public static func hourStart(ms: Int64) -> Int64 {
        self.floorDivide(self.clamped(ms), self.hourMs) * self.hourMs
    }

    /// The start of the UTC day a time lies in.
    public static func dayStart(ms: Int64) -> Int64 {
        self.floorDivide(self.clamped(ms), self.dayMs) * self.dayMs
    }

    /// The UTC month a time lies in: its first millisecond, and the first of the next month.
    public static func monthBounds(ms: Int64) -> Range<Int64> {
        let date = CivilDate(daysSinceEpoch: Int(self.floorDivide(self.clamped(ms), self.dayMs)))
        let first = CivilDate(year: date.year, month: date.month, day: 1).daysSinceEpoch
        let next = first + CivilDate.days(inMonth: date.month, of: date.year)
        return Int64(first) * self.dayMs..<Int64(next) * self.dayMs
    }

    /// A time within the years 1–9999.
    static func clamped(_ ms: Int64) -> Int64 {
        min(max(ms, self.range.lowerBound), self.range.upperBound)
    }

    /// Division that rounds down, before 1970 too. `divisor` is positive.
    static func floorDivide(_ value: Int64, _ divisor: Int64) -> Int64 {
        let quotient = value / divisor
        return value % divisor < 0 ? quotient - 1 : quotient
    }
}
