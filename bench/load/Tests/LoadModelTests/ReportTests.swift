import Foundation
import LoadModel
import Testing

struct ReportTests {
    private func report() -> RunReport {
        var tally = Tally()
        for number in 0..<3000 as Range<UInt64> {
            let due = number * 1_000_000
            tally.wasDue(second: Int(due / 1_000_000_000))
            // Every hundredth waits 50 ms before it can be sent.
            let late: UInt64 = number % 100 == 0 ? 50_000_000 : 0
            tally.sent += 1
            tally.answered(
                number % 10 == 0 ? .limited : .admitted, dueNs: due, sentNs: due + late,
                nowNs: due + late + 2_000_000)
            tally.statuses[number % 10 == 0 ? 429 : 200, default: 0] += 1
        }
        let scenario = Scenario(
            name: "A <b> & \"c\"", requests: [RequestKind(name: "x", path: "/")],
            load: Load(loop: .open([.init(rate: 1000, durationNs: 3_000_000_000)], isRandom: false)),
            limits: [.init(scope: .key, capacity: 100, refillPerSecond: 900)])
        return RunReport(
            scenario: scenario, target: "http://x", started: "now", keys: 1, seconds: 3, tally: tally,
            checks: [Check(name: "limit", isMet: false, says: "1 too many")])
    }

    @Test func `latency counts from the moment a request was due`() {
        let report = report()
        #expect((1.9...2.1).contains(report.quantile(50)))
        #expect((51...53).contains(report.quantile(99.5)), "what waited to be sent is seen")
        #expect(report.service.first { $0.percentile == 99.5 }.map { (1.9...2.1).contains($0.ms) } == true)
        #expect((report.admitted, report.limited) == (2700, 300))
        #expect(report.timeline.count == 3)
        #expect(report.timeline[0].due == 1000)
        #expect(!report.isMet)
    }

    @Test func `the page needs nothing else, and what is shown is escaped`() {
        let page = HTMLReport.page(report())
        #expect(page.contains("A &lt;b&gt; &amp; &quot;c&quot;"))
        #expect(!page.contains("A <b>"))
        for word in ["src=", "href=", "@import", "url("] { #expect(!page.contains(word)) }
        #expect(page.components(separatedBy: "<svg").count == 5, "four plots")
        #expect(page.contains("Admitted against the configured limit"))
        #expect(!page.contains("nan"))
    }

    @Test func `numbers are short`() {
        #expect(Units.fixed(1.005, 1) == "1.0")
        #expect(Units.fixed(-0.04, 1) == "0.0")
        #expect(Units.fixed(0.05, 2) == "0.05")
        #expect(Units.fixed(12345.678, 0) == "12346")
        #expect(Units.text(ns: 1_500_000) == "1.50 ms")
        #expect(SVGPlot.ticks(0, 100).map(\.label) == ["0", "20", "40", "60", "80", "100"])
    }

    @Test func `the JSON can be read back`() throws {
        let text = try report().json()
        #expect(text.contains("\"scenario\" : \"A <b> & \\\"c\\\"\""))
    }
}
