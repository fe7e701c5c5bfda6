/// The hour that meters and the month (UTC) that quotas are counted in at one moment.
public struct UsagePeriod: Sendable, Equatable, Hashable {
    /// Hours since 1970: six digits until 2084.
    public let hour: Int
    /// `202511`.
    public let month: Int
    /// First millisecond of the month, and of the next one.
    public let monthStartMs: Int
    public let monthEndMs: Int

    public static let hourMs = 3_600_000
    private static let dayMs = 86_400_000

    public var hourStartMs: Int { self.hour * Self.hourMs }

    public init(atMs nowMs: Int) {
        self.hour = nowMs / Self.hourMs
        let day = nowMs / Self.dayMs
        let (year, month) = Self.civil(ofDay: day)
        self.month = year * 100 + month
        self.monthStartMs = Self.day(ofYear: year, month) * Self.dayMs
        self.monthEndMs = (month == 12 ? Self.day(ofYear: year + 1, 1) : Self.day(ofYear: year, month + 1)) * Self.dayMs
    }

    /// Whether this is still the period at `nowMs`.
    @inlinable
    public func contains(_ nowMs: Int) -> Bool {
        nowMs >= self.hourStartMs && nowMs < self.hourStartMs + Self.hourMs
    }

    /// Year and month of a day since 1970-01-01. The count of days starts the year in March, so that the leap day is the
    /// last (H. Hinnant, "chrono-Compatible Low-Level Date Algorithms").
    private static func civil(ofDay day: Int) -> (year: Int, month: Int) {
        let shifted = day + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month)
    }

    /// The day, since 1970-01-01, that a month begins with.
    private static func day(ofYear year: Int, _ month: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let yearOfEra = shifted % 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}
