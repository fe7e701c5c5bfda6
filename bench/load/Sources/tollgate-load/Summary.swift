import LoadModel

/// The result as text.
enum Summary {
    static func text(_ report: RunReport) -> String {
        func ms(_ percentile: Double) -> String { Units.fixed(report.quantile(percentile), 2) }
        var lines = [
            "\(report.scenario): \(report.loop), \(report.connections) connections, \(report.keys) keys",
            "  \(Units.fixed(report.requestsPerSecond, 0)) answers/s in \(Units.fixed(report.seconds, 1)) s: "
                + "\(report.admitted) admitted, \(report.limited) limited, "
                + "\(report.unexpected + report.broken + report.timeouts) failed"
                + (report.unsent > 0 ? ", \(report.unsent) due but never sent" : ""),
            "  ms since due: p50 \(ms(50))  p90 \(ms(90))  p99 \(ms(99))  p99.9 \(ms(99.9))  "
                + "longest \(Units.fixed(report.latencyMaxMs, 1))",
        ]
        if report.eventStreams > 0 {
            lines.append("  \(report.eventStreams) event streams read to their end, \(report.events) events")
        }
        lines += report.checks.map { "  \($0.isMet ? "ok    " : "MISSED") \($0.name): \($0.says)" }
        return lines.joined(separator: "\n")
    }
}
