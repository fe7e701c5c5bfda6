import Testing

@testable import JobService

@Suite struct `Small rules` {
    @Test func `ids sort by creation and survive parsing`() {
        var random = SeededRandom(seed: 3)
        let ids = (0..<200).map { JobID(unixMs: 1_700_000_000_000 + Int64($0), random: &random) }
        #expect(ids.map(\.text).sorted() == ids.map(\.text))
        #expect(Set(ids).count == ids.count)
        #expect(ids.allSatisfy { JobID($0.text) == $0 && $0.text.utf8.count == 30 })
    }

    @Test(arguments: [
        "", "job_", "job_01", "run_01hf0000000000000000000000", "job_01hf000000000000000000000u",
        "job_01HF0000000000000000000000",
    ])
    func `what cannot be an id is none`(text: String) { #expect(JobID(text) == nil) }

    @Test func `retries wait twice as long each time, up to a bound, minus a random half`() {
        let rule = RetryDelay(first: .seconds(1), longest: .seconds(60))
        var random = SeededRandom(seed: 11)
        for attempt in 1...200 {
            let full = min(Double(1 << min(attempt - 1, 20)), 60)
            let delay = rule.delay(afterAttempt: attempt, random: &random)
            #expect(delay >= .seconds(full / 2) && delay <= .seconds(full), "attempt \(attempt), seed 11")
        }
        #expect(rule.delay(afterAttempt: 1, lowerBound: .seconds(9), random: &random) == .seconds(9))
        #expect(rule.delay(afterAttempt: 1, lowerBound: .seconds(900), random: &random) == .seconds(60))
    }

    @Test func `progress is told at most every 50 ms, and the last always`() {
        let gate = ProgressGate()
        let start = ContinuousClock.now
        #expect(gate.admits(JobProgress(done: 1, total: 9), at: start))
        #expect(!gate.admits(JobProgress(done: 2, total: 9), at: start + .milliseconds(49)))
        #expect(gate.admits(JobProgress(done: 3, total: 9), at: start + .milliseconds(50)))
        #expect(gate.admits(JobProgress(done: 9, total: 9), at: start + .milliseconds(51)))
    }

    @Test(
        arguments: [
            ("500ms", .milliseconds(500)), ("30s", .seconds(30)), ("2m", .seconds(120)), ("24h", .seconds(86_400)),
            ("25h", nil), ("30", nil), ("s", nil), ("-1s", nil), ("1 s", nil), ("99999999999999999999s", nil),
        ] as [(String, Duration?)])
    func `times as people write them`(text: String, duration: Duration?) {
        #expect(DurationText(text)?.duration == duration)
    }

    @Test(
        arguments: [
            ("127.0.0.1:9090", .tcp(host: "127.0.0.1", port: 9090)), ("[::1]:80", .tcp(host: "::1", port: 80)),
            ("unix:/run/x.sock", .unix(path: "/run/x.sock")), ("unix:x", nil), ("localhost", nil), ("::1:80", nil),
            (":80", nil), ("host:70000", nil),
        ] as [(String, ListenAddress?)])
    func `addresses to listen on`(text: String, address: ListenAddress?) {
        #expect(ListenAddress(text) == address)
    }

    @Test func `times are RFC 3339 with milliseconds`() {
        #expect(Timestamp.text(unixMicroseconds: 1_767_323_045_678_999) == "2026-01-02T03:04:05.678Z")
        #expect(Timestamp.unixMicroseconds("2026-01-02T03:04:05.678Z") == 1_767_323_045_678_000)
        #expect(Timestamp.unixMicroseconds("2026-01-02T05:04:05+02:00") == 1_767_323_045_000_000)
        for text in ["", "2026-01-02", "2026-01-02T03:04:05", "now"] {
            #expect(Timestamp.unixMicroseconds(text) == nil, "\(text)")
        }
    }

    @Test func `notices survive the channel`() {
        var random = SeededRandom(seed: 1)
        let notice = JobNotice(kind: .cancel, id: JobID(unixMs: 1, random: &random))
        #expect(JobNotice(payload: "cancel:\(notice.id)") == notice)
        #expect(JobNotice(payload: "painted:\(notice.id)") == nil)
        #expect(JobNotice(payload: "cancel") == nil)
    }
}
