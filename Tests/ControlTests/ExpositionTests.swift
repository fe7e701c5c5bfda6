import Control
import Domain
import Testing

struct ExpositionTests {
    static let families = [
        MetricFamily(
            name: "tollgate_replays_total", help: "Stored \"responses\" \\ served\nagain.", kind: .counter,
            samples: [.init(labels: [.init("route", "a\"b\\c\nd")], value: .number(3))]),
        MetricFamily(
            name: "tollgate_connections_open", help: "Open now.", kind: .gauge,
            samples: [.init(value: .number(0.5)), .init(labels: [.init("loop", "1")], value: .number(-1))]),
        MetricFamily(
            name: "http_server_request_duration_seconds", help: "Time taken.", kind: .histogram,
            samples: [
                .init(
                    labels: [.init("http_route", "/v1/jobs")],
                    value: .histogram(bounds: [0.005, 1, 10], counts: [1, 2, 3, 4], sum: 12.25)),
                .init(labels: [.init("http_route", "")], value: .histogram(bounds: [1], counts: [0, 0], sum: 0)),
            ]),
    ]

    @Test(arguments: ExpositionFormat.allCases)
    func `OB-2: a scrape passes a strict validator`(format: ExpositionFormat) {
        let text = Exposition.render(Self.families, as: format)
        #expect(ExpositionValidator.errors(in: text, format: format) == [])
    }

    @Test func `OB-2: Prometheus text is written as its specification shows it`() {
        let text = Exposition.render(Array(Self.families.prefix(1)), as: .prometheusText)
        #expect(
            text == """
                # HELP tollgate_replays_total Stored "responses" \\\\ served\\nagain.
                # TYPE tollgate_replays_total counter
                tollgate_replays_total{route="a\\"b\\\\c\\nd"} 3

                """)
    }

    @Test func `OB-2: an OpenMetrics counter is a family without _total`() {
        let text = Exposition.render(Array(Self.families.prefix(1)), as: .openMetrics)
        #expect(text.contains("# TYPE tollgate_replays counter\n"))
        #expect(text.contains("\ntollgate_replays_total{"))
        #expect(text.hasSuffix("# EOF\n"))
    }

    @Test func `OB-3: +Inf counts everything and equals _count`() {
        let text = Exposition.render([Self.families[2]], as: .openMetrics)
        #expect(text.contains("_bucket{http_route=\"/v1/jobs\",le=\"1.0\"} 3\n"))
        #expect(text.contains("_bucket{http_route=\"/v1/jobs\",le=\"10.0\"} 6\n"))
        #expect(text.contains("_bucket{http_route=\"/v1/jobs\",le=\"+Inf\"} 10\n"))
        #expect(text.contains("_count{http_route=\"/v1/jobs\"} 10\n"))
        #expect(text.contains("# UNIT http_server_request_duration_seconds seconds\n"))
    }

    @Test(arguments: ExpositionFormat.allCases)
    func `OB-2: one name from two parts of the program stays one family`(format: ExpositionFormat) {
        let family = Self.families[1]
        let again = MetricFamily(name: family.name, help: "Other words.", kind: .gauge, samples: family.samples)
        let clash = MetricFamily(name: family.name, help: "Not a gauge.", kind: .counter, samples: family.samples)
        let unnameable = MetricFamily(name: "1 bad", help: "", kind: .gauge, samples: family.samples)
        let text = Exposition.render([family, Self.families[0], again, clash, unnameable], as: format)
        #expect(ExpositionValidator.errors(in: text, format: format) == [])
    }

    @Test func `the validator sees what is wrong`() {
        func errors(_ text: String) -> Int { ExpositionValidator.errors(in: text, format: .prometheusText).count }
        #expect(errors("a 1\n") == 1)
        #expect(errors("# HELP a x\n# TYPE a gauge\na 1") == 1)
        #expect(errors("# HELP a x\n# TYPE a gauge\na 1\na 1\n") == 1)
        #expect(errors("# HELP a x\n# TYPE a counter\na -1\n") == 1)
        #expect(errors("# HELP a x\n# TYPE a histogram\na_bucket{le=\"+Inf\"} 2\na_sum 1\na_count 1\n") == 1)
        #expect(ExpositionValidator.errors(in: "# EOF\n", format: .openMetrics).isEmpty)
        #expect(ExpositionValidator.errors(in: "", format: .openMetrics).count == 1)
    }

    @Test(
        arguments: [
            (nil, ExpositionFormat.prometheusText), ("*/*", .prometheusText), ("text/plain", .prometheusText),
            ("application/openmetrics-text; version=1.0.0; charset=utf-8", .openMetrics),
            ("application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3", .openMetrics),
            ("application/openmetrics-text;version=1.0.0;q=0.2,text/plain;version=0.0.4;q=0.3", .prometheusText),
            ("application/openmetrics-text;version=9.0.0", .prometheusText),
            ("application/openmetrics-text;q=0", .prometheusText), (";;,,q=,", .prometheusText),
        ] as [(String?, ExpositionFormat)])
    func `OB-2: the format is the one that Accept prefers`(accept: String?, expected: ExpositionFormat) {
        #expect(ExpositionFormat.negotiated(accept: accept) == expected)
    }
}
