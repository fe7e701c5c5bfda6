import Glibc
import HTTPWire
import NIOCore
import Testing

@Suite struct TimeTests {
    private func render(_ seconds: Int64) -> String {
        FieldTesting.render { HTTPDate.append(unixSeconds: seconds, to: &$0) }
    }

    private func parse(_ text: String, now: Int64 = 1_900_000_000) -> Int64? {
        HTTPDate.parse(text.utf8.span, nowSeconds: now)
    }

    /// What the C library says.
    private func strftime(_ seconds: Int64) -> String {
        var time = time_t(seconds)
        var parts = tm()
        gmtime_r(&time, &parts)
        var text = [CChar](repeating: 0, count: 64)
        Glibc.strftime(&text, 64, "%a, %d %b %Y %H:%M:%S GMT", &parts)
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    @Test func `known dates`() {
        #expect(render(784_111_777) == "Sun, 06 Nov 1994 08:49:37 GMT")
        #expect(render(0) == "Thu, 01 Jan 1970 00:00:00 GMT")
        #expect(render(951_782_400) == "Tue, 29 Feb 2000 00:00:00 GMT")
        #expect(render(-1) == "Wed, 31 Dec 1969 23:59:59 GMT")
        #expect(render(253_402_300_799) == "Fri, 31 Dec 9999 23:59:59 GMT")
        #expect(render(.max) == "Fri, 31 Dec 9999 23:59:59 GMT")
        #expect(render(.min) == "Mon, 01 Jan 0001 00:00:00 GMT")
    }

    @Test func `dates agree with the C library, and are read back`() {
        for seed in 0..<FieldTesting.cases {
            var random = FastRandom(seed: seed)
            let seconds = Int64.random(in: -30_000_000_000...253_402_300_799, using: &random)
            let text = render(seconds)
            #expect(text == strftime(seconds), "seed \(seed)")
            #expect(parse(text) == seconds, "seed \(seed)")
        }
    }

    @Test func `a cache renders each second anew`() {
        var cache = HTTPDateCache()
        for ms in [0, 1, 999, 1000, 1001, 784_111_777_999, 784_111_777_000, -1, .max] as [Int64] {
            let text = FieldTesting.render { cache.append(nowMs: ms, to: &$0) }
            #expect(text == render(ms < 0 ? -1 : ms / 1000), "\(ms)")
        }
    }

    @Test func `all three forms of HTTP dates are read`() {
        #expect(parse("Sun, 06 Nov 1994 08:49:37 GMT") == 784_111_777)
        #expect(parse("Sunday, 06-Nov-94 08:49:37 GMT") == 784_111_777)
        #expect(parse("Sun Nov  6 08:49:37 1994") == 784_111_777)
        #expect(parse("Wed Nov 16 08:49:37 1994") == 784_975_777)
        #expect(parse("Wednesday, 16-Nov-94 08:49:37 GMT") == 784_975_777)
        #expect(parse("Sat, 31 Dec 2016 23:59:60 GMT") == 1_483_228_800)
    }

    @Test func `two digits of a year are at most fifty years ahead`() {
        let now: Int64 = 1_900_000_000  // 2030
        #expect(parse("Sunday, 06-Nov-80 08:49:37 GMT", now: now) == parse("Sun, 06 Nov 2080 08:49:37 GMT"))
        #expect(parse("Sunday, 06-Nov-81 08:49:37 GMT", now: now) == parse("Sun, 06 Nov 1981 08:49:37 GMT"))
        #expect(parse("Sunday, 06-Nov-99 08:49:37 GMT", now: .min) == parse("Sun, 06 Nov 1999 08:49:37 GMT"))
        #expect(parse("Sunday, 06-Nov-99 08:49:37 GMT", now: .max) != nil)
    }

    @Test(arguments: [
        "", "0", "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 06 Nov 1994 08:49:37", "sun, 06 Nov 1994 08:49:37 GMT",
        "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 29 Feb 2100 08:49:37 GMT", "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Nov 1994 08:60:37 GMT", "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, 06 Nov 0000 08:49:37 GMT", "Sun, 6 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-1994 08:49:37 GMT",
        "Sumday, 06-Nov-94 08:49:37 GMT", "Sun Nov 06 08:49:37 94", "Sun, 06-Nov-1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08.49.37 GMT", "Xyz, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Foo 1994 08:49:37 GMT",
    ])
    func `what is no date is refused`(text: String) {
        #expect(parse(text) == nil)
    }

    @Test func `mutated dates never trap`() {
        for seed in 0..<FieldTesting.cases {
            var random = FastRandom(seed: seed)
            for text in ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"]
            {
                _ = HTTPDate.parse(
                    FieldTesting.mutated(text, &random).span, nowSeconds: Int64(bitPattern: random.next()))
            }
        }
    }

    @Test func `every day of 800 years has its number`() {
        var expected = CivilDate(year: 1600, month: 1, day: 1).daysSinceEpoch
        for year in 1600..<2400 {
            for month in 1...12 {
                let days = UnixTime.monthBounds(ms: Int64(expected) * UnixTime.dayMs)
                let count = Int((days.upperBound - days.lowerBound) / UnixTime.dayMs)
                for day in 1...count {
                    let date = CivilDate(year: year, month: month, day: day)
                    guard date.daysSinceEpoch == expected, CivilDate(daysSinceEpoch: expected) == date else {
                        Issue.record("\(date) is not day \(expected)")
                        return
                    }
                    expected += 1
                }
            }
        }
    }

    @Test func `an hour's window holds its time`() {
        #expect(UnixTime.hourStart(ms: 1_900_000_800_123) == 1_900_000_800_000)
        #expect(UnixTime.hourStart(ms: 0) == 0)
        #expect(UnixTime.hourStart(ms: -1) == -3_600_000)
        #expect(UnixTime.hourStart(ms: 3_600_000) == 3_600_000)
        #expect(UnixTime.dayStart(ms: 86_399_999) == 0)
        for seed in 0..<FieldTesting.cases {
            var random = FastRandom(seed: seed)
            let ms = Int64.random(in: -62_135_596_800_000...253_402_300_799_999, using: &random)
            let start = UnixTime.hourStart(ms: ms)
            #expect(start <= ms && ms < start + UnixTime.hourMs && start % UnixTime.hourMs == 0, "seed \(seed)")
            let month = UnixTime.monthBounds(ms: ms)
            #expect(month.contains(ms), "seed \(seed)")
            #expect(render(month.lowerBound / 1000).contains(" 01 ") || month.lowerBound < 0, "seed \(seed)")
            #expect(UnixTime.monthBounds(ms: month.upperBound - 1) == month, "seed \(seed)")
        }
    }

    @Test func `a month's bounds in leap years and at the edges of time`() {
        let february = UnixTime.monthBounds(ms: 951_782_400_000)
        #expect(render(february.lowerBound / 1000) == "Tue, 01 Feb 2000 00:00:00 GMT")
        #expect(render(february.upperBound / 1000) == "Wed, 01 Mar 2000 00:00:00 GMT")
        let december = UnixTime.monthBounds(ms: 946_684_799_999)
        #expect(december.upperBound == 946_684_800_000)
        for ms in [Int64.min, .max] {
            let bounds = UnixTime.monthBounds(ms: ms)
            #expect(bounds.upperBound - bounds.lowerBound == 31 * UnixTime.dayMs)
            _ = UnixTime.hourStart(ms: ms)
            _ = UnixTime.dayStart(ms: ms)
        }
    }
}
