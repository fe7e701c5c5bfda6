import LoadModel
import Testing

struct ScenarioFileTests {
    @Test func `a whole scenario is read`() throws {
        let scenario = try ScenarioFile.read(
            """
            name: Mixed
            requests:
              - { weight: 9, path: /v1/a }
              - { path: /v1/b, body: "{n}", repetitions: 3, headers: { X-Y: z } }
            load:
              stages: [{ rate: 100, for: 10s }, { rate: 200.5, for: 500ms }]
              arrivals: random
              warm_up: 2s
              connections: 8
            keys: { pick: zipf, exponent: 1.5 }
            limits: [{ scope: all, capacity: 20, refill: 100 per 60s }]
            statuses: [200, 429]
            """, file: "x.yaml")
        #expect(scenario.requests.map(\.method) == ["GET", "POST"])
        #expect(scenario.requests[1].headers == [Header(name: "X-Y", value: "z")])
        #expect(scenario.requests[1].repetitions == 3)
        #expect(
            scenario.load.loop
                == .open(
                    [
                        .init(rate: 100, durationNs: 10_000_000_000), .init(rate: 200.5, durationNs: 500_000_000),
                    ], isRandom: true))
        #expect(scenario.load.totalNs == 12_500_000_000)
        #expect(scenario.load.stages.count == 3)
        #expect(scenario.keys == .zipf(exponent: 1.5))
        #expect(scenario.limits.map(\.refillPerSecond) == [100.0 / 60])
        #expect(scenario.statuses == [200, 429])
    }

    @Test func `all mistakes are told at once, with their lines`() throws {
        let text = """
            requests:
              - { path: v1 }
              - { path: /v1/a, wait: 3 }
            load:
              rate: fast
              for: 10 parsecs
            keys: { pick: round }
            """
        let problem = try #require(throws: ScenarioError.self) { try ScenarioFile.read(text, file: "x.yaml") }
        #expect(problem.description.contains("x.yaml:2: request: expected `path`, beginning with /"))
        #expect(problem.description.contains("x.yaml:3: request: unknown field 'wait'"))
        #expect(problem.description.contains("x.yaml:5: rate: expected a number"))
    }

    @Test func `values are put in, and a missing one is told`() throws {
        let text = "requests: [{path: '/v1/${JOB}/events', events: true}]\nload: {loop: closed, for: 1s}"
        let scenario = try ScenarioFile.read(text, file: "x.yaml", values: ["JOB": "job_1"])
        #expect(scenario.requests[0].path == "/v1/job_1/events")
        #expect(scenario.requests[0].isEventStream)
        let problem = try #require(throws: ScenarioError.self) { try ScenarioFile.read(text, file: "x.yaml") }
        #expect(problem.description.contains("--set JOB="))
    }

    @Test(
        arguments: [
            ("250us", 250_000), ("500ms", 500_000_000), ("10s", 10_000_000_000), ("2m", 120_000_000_000),
        ] as [(String, UInt64)])
    func `durations`(text: String, nanoseconds: UInt64) {
        #expect(Units.nanoseconds(text) == nanoseconds)
    }

    @Test func `what is no duration or rate`() {
        for text in ["", "10", "s", "-1s", "ten s"] { #expect(Units.nanoseconds(text) == nil) }
        for text in ["100", "100 per", "100 in 60s", "100 per 0s"] { #expect(Units.rate(text) == nil) }
        #expect(Units.rate("100 per 50s") == 2)
    }
}
