import Glibc
import TestKit
import Testing

@testable import Domain

struct UsagePeriodTests {
    @Test func `months are those of the calendar`() {
        var random = SplitMix64(seed: 11)
        let edges = [0, 951_782_399_999, 951_782_400_000, 951_868_800_000, 1_709_164_800_000, 4_107_542_400_000]
        let moments = edges + (0..<5_000).map { _ in Int.random(in: 0..<7_258_118_400_000, using: &random) }
        for ms in moments {
            let period = UsagePeriod(atMs: ms)
            #expect(period.month == Self.month(ms), "\(ms)")
            #expect(period.monthStartMs <= ms && ms < period.monthEndMs)
            #expect(Self.month(period.monthStartMs) == period.month)
            #expect(Self.month(period.monthStartMs - 1) != period.month || period.monthStartMs == 0)
            #expect(Self.month(period.monthEndMs) != period.month)
            #expect(Self.month(period.monthEndMs - 1) == period.month)
            #expect(period.hourStartMs <= ms && ms - period.hourStartMs < UsagePeriod.hourMs)
            #expect(period.contains(ms))
            #expect(
                !period.contains(period.hourStartMs - 1) && !period.contains(period.hourStartMs + UsagePeriod.hourMs))
        }
    }

    /// What the C library says.
    private static func month(_ ms: Int) -> Int {
        var seconds = time_t(ms >= 0 ? ms / 1_000 : -1)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        return (Int(parts.tm_year) + 1_900) * 100 + Int(parts.tm_mon) + 1
    }
}
