import Glibc

/// The report as one page that needs nothing else: figures, checks, plots.
public enum HTMLReport {
    private enum Color {
        static let blue = "#2563eb"
        static let orange = "#ea580c"
        static let gray = "#64748b"
        static let red = "#dc2626"
        static let green = "#16a34a"
    }

    public static func page(_ report: RunReport) -> String {
        let plots = [percentiles(report), throughput(report), overTime(report), admission(report)].compactMap { $0 }
        return """
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><title>\(SVGPlot.escaped(report.scenario)) · tollgate-load</title>
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <style>\(style)</style></head><body><main>
            <header><h1>\(SVGPlot.escaped(report.scenario))</h1>
            <p>\(SVGPlot.escaped(report.about))</p>
            <p class="faint">\(SVGPlot.escaped(report.target)) · \(SVGPlot.escaped(report.loop)) · \
            \(report.connections) connections · \(report.keys) key\(report.keys == 1 ? "" : "s") · \
            \(SVGPlot.escaped(report.started))</p></header>
            <section class="cards">\(cards(report))</section>
            <section><h2>Checks</h2>\(checks(report))</section>
            <section class="plots">\(plots.map { "<figure>\($0.svg())</figure>" }.joined(separator: "\n"))</section>
            <section><h2>Latency</h2>\(table(report))</section>
            </main></body></html>

            """
    }

    private static func cards(_ report: RunReport) -> String {
        let failed = report.unexpected + report.broken + report.timeouts
        let all: [(String, String)] = [
            ("answers a second", Units.fixed(report.requestsPerSecond, 0)),
            ("admitted", "\(report.admitted)"),
            ("limited (429)", "\(report.limited)"),
            ("failed", "\(failed)"),
            ("p50", Units.fixed(report.quantile(50), 2) + " ms"),
            ("p99", Units.fixed(report.quantile(99), 2) + " ms"),
            ("p99.9", Units.fixed(report.quantile(99.9), 2) + " ms"),
            ("longest", Units.fixed(report.latencyMaxMs, 1) + " ms"),
        ]
        return all.map { "<div class=\"card\"><b>\($0.1)</b><span>\($0.0)</span></div>" }.joined()
    }

    private static func checks(_ report: RunReport) -> String {
        if report.checks.isEmpty { return "<p class=\"faint\">The scenario promises nothing to check.</p>" }
        let rows = report.checks.map {
            "<li class=\"\($0.isMet ? "met" : "missed")\"><b>\($0.isMet ? "✓" : "✗") \(SVGPlot.escaped($0.name))</b> "
                + "\(SVGPlot.escaped($0.says))</li>"
        }
        return "<ul>\(rows.joined())</ul>"
    }

    private static func table(_ report: RunReport) -> String {
        let rows = zip(report.latency, report.service).map { waited, served in
            "<tr><td>\(percentile(waited.percentile))</td><td>\(Units.fixed(waited.ms, 3))</td>"
                + "<td>\(Units.fixed(served.ms, 3))</td></tr>"
        }
        return """
            <table><thead><tr><th>percentile</th><th>ms since it was due</th><th>ms since it was sent</th></tr></thead>
            <tbody>\(rows.joined())</tbody></table>
            <p class="faint">The first column is what a user waits: a request that could not be sent in time because the
            gateway was slow counts from the moment it was due.</p>
            """
    }

    /// Percentiles on an axis where every further nine takes the same room.
    private static func percentiles(_ report: RunReport) -> SVGPlot? {
        func points(_ quantiles: [RunReport.Quantile]) -> [(x: Double, y: Double)] {
            quantiles.filter { $0.percentile < 100 }.map { (nines($0.percentile), max($0.ms, 0.001)) }
        }
        guard !report.latency.isEmpty else { return nil }
        var plot = SVGPlot(
            title: "Latency by percentile", xTitle: "percentile", yTitle: "ms",
            lines: [
                .init("since due", color: Color.blue, points: points(report.latency)),
                .init("since sent", color: Color.orange, isDashed: true, points: points(report.service)),
            ])
        plot.xTicks = [0, 50, 90, 99, 99.9, 99.99, 99.999].map { .init(at: nines($0), label: percentile($0)) }
        plot.isLogarithmicY = true
        return plot
    }

    private static func throughput(_ report: RunReport) -> SVGPlot? {
        guard report.timeline.count > 1 else { return nil }
        func points(_ value: (RunReport.Second) -> Int) -> [(x: Double, y: Double)] {
            report.timeline.enumerated().map { (Double($0.offset), Double(value($0.element))) }
        }
        var lines = [
            SVGPlot.Line("offered", color: Color.gray, isDashed: true, points: points(\.due)),
            SVGPlot.Line("admitted", color: Color.blue, points: points(\.admitted)),
        ]
        if report.limited > 0 { lines.append(.init("limited", color: Color.orange, points: points(\.limited))) }
        if report.timeline.contains(where: { $0.failed > 0 }) {
            lines.append(.init("failed", color: Color.red, points: points(\.failed)))
        }
        return SVGPlot(title: "Throughput", xTitle: "second of the run", yTitle: "requests/s", lines: lines)
    }

    private static func overTime(_ report: RunReport) -> SVGPlot? {
        guard report.timeline.count > 1 else { return nil }
        func points(_ value: (RunReport.Second) -> Double) -> [(x: Double, y: Double)] {
            report.timeline.enumerated().map { (Double($0.offset), max(value($0.element), 0.001)) }
        }
        var plot = SVGPlot(
            title: "Latency over time", xTitle: "second of the run", yTitle: "ms",
            lines: [
                .init("p50", color: Color.blue, points: points(\.p50Ms)),
                .init("p99", color: Color.orange, points: points(\.p99Ms)),
            ])
        plot.isLogarithmicY = true
        return plot
    }

    /// Admitted in sum against what the buckets allow in sum.
    private static func admission(_ report: RunReport) -> SVGPlot? {
        guard let allowance = report.allowance, report.timeline.count > 1 else { return nil }
        var sum = 0.0
        var admitted: [(x: Double, y: Double)] = [(0, 0)]
        var offered: [(x: Double, y: Double)] = [(0, 0)]
        var due = 0.0
        for (index, second) in report.timeline.enumerated() {
            sum += Double(second.admitted)
            due += Double(second.due)
            admitted.append((Double(index + 1), sum))
            offered.append((Double(index + 1), due))
        }
        let end = Double(report.timeline.count)
        let most = allowance.capacity + allowance.refillPerSecond * end
        var lines = [
            SVGPlot.Line("admitted", color: Color.blue, points: admitted),
            SVGPlot.Line(
                "allowed", color: Color.green, isDashed: true, points: [(0, allowance.capacity), (end, most)]),
        ]
        // Offered load far above the limit would flatten what matters.
        if due < most * 3 { lines.insert(.init("offered", color: Color.gray, isDashed: true, points: offered), at: 0) }
        if most > max(sum, due) * 20 { return nil }
        return SVGPlot(
            title: "Admitted against the configured limit", xTitle: "second of the run", yTitle: "requests in sum",
            lines: lines)
    }

    private static func nines(_ percentile: Double) -> Double { -log10(max(1 - percentile / 100, 1e-7)) }

    private static func percentile(_ value: Double) -> String {
        var text = Units.fixed(value, 3)
        while text.hasSuffix("0") || text.hasSuffix(".") {
            let isPoint = text.hasSuffix(".")
            text.removeLast()
            if isPoint { break }
        }
        return text
    }

    private static let style = """
        :root{color-scheme:light dark;--fg:#0f172a;--faint:#64748b;--bg:#fff;--card:#f1f5f9;--grid:#e2e8f0}
        @media(prefers-color-scheme:dark){:root{--fg:#e2e8f0;--faint:#94a3b8;--bg:#0f172a;--card:#1e293b;--grid:#334155}}
        body{margin:0;background:var(--bg);color:var(--fg);font:15px/1.5 system-ui,sans-serif}
        main{max-width:1480px;margin:0 auto;padding:24px}h1{margin:0}h2{margin:24px 0 8px;font-size:18px}
        p{margin:4px 0}.faint{color:var(--faint)}
        .cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(130px,1fr));gap:12px;margin:20px 0}
        .card{background:var(--card);border-radius:8px;padding:12px}.card b{display:block;font-size:20px}
        .card span{color:var(--faint);font-size:13px}
        ul{list-style:none;padding:0;margin:0}li{padding:4px 0}.met b{color:#16a34a}.missed b{color:#dc2626}
        .plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(480px,1fr));gap:16px;margin-top:20px}
        figure{margin:0;background:var(--card);border-radius:8px;padding:8px}svg{width:100%;height:auto;display:block}
        svg text{fill:var(--fg);font:12px system-ui,sans-serif}svg .title{font-size:14px;font-weight:600}
        svg .tick,svg .axis{fill:var(--faint)}svg .grid{stroke:var(--grid)}
        table{border-collapse:collapse}th,td{text-align:right;padding:3px 16px 3px 0;font-variant-numeric:tabular-nums}
        th{color:var(--faint);font-weight:500}
        """
}
