import Testing

@testable import JobService

@Suite struct `Events of a job` {
    private func job(
        _ status: JobStatus, sequence: Int, attempts: Int = 1, progress: JobProgress? = nil
    ) -> Job {
        Job(
            id: JobID(stored: "job_x"), tenant: Tenant(orgID: "org", environment: "live"), type: "slow",
            status: status, input: [:], usage: status.isFinal ? ["units": 4] : nil, progress: progress,
            sequence: sequence, attempts: attempts, maxAttempts: 3, cancelRequested: false,
            times: Job.Times(runAt: 0, createdAt: 0))
    }

    private func told(_ events: [ServerSentEvent]) -> [String] {
        events.map { "\($0.name)\($0.id.map { " #\($0)" } ?? "")" }
    }

    @Test func `status first, then progress, the end last`() {
        var events = JobEventSequence()
        #expect(self.told(events.observe(self.job(.queued, sequence: 0, attempts: 0))) == ["status #0"])
        #expect(self.told(events.observe(self.job(.running, sequence: 1))) == ["status #1"])
        let half = JobProgress(done: 1, total: 2)
        #expect(self.told(events.observe(self.job(.running, sequence: 2, progress: half))) == ["progress #2"])
        #expect(self.told(events.observe(self.job(.running, sequence: 2, progress: half))) == [])
        let end = events.observe(self.job(.succeeded, sequence: 4, progress: JobProgress(done: 2, total: 2)))
        #expect(self.told(end) == ["progress", "completed #4"])
        #expect(end.last?.data["usage"] == ["units": 4])
        #expect(end.last?.data["location"] == "/v1/jobs/job_x")
    }

    @Test func `a new attempt is a new status`() {
        var events = JobEventSequence()
        _ = events.observe(self.job(.running, sequence: 1, attempts: 1))
        #expect(self.told(events.observe(self.job(.running, sequence: 3, attempts: 2))) == ["status #3"])
    }

    @Test func `who comes back gets only what is newer`() {
        var same = JobEventSequence(lastSeen: 5)
        #expect(same.observe(self.job(.running, sequence: 5)).isEmpty)
        #expect(self.told(same.observe(self.job(.failed, sequence: 6))) == ["failed #6"])
        var behind = JobEventSequence(lastSeen: 2)
        let progress = JobProgress(done: 1, total: 2)
        #expect(
            self.told(behind.observe(self.job(.running, sequence: 5, progress: progress))) == ["status", "progress #5"])
    }

    @Test func `an event is sent as event streams want it`() throws {
        let event = ServerSentEvent(id: 7, name: "progress", data: ["text": "two\nlines"])
        #expect(try event.encoded() == "id: 7\nevent: progress\ndata: {\"text\":\"two\\nlines\"}\n\n")
    }
}
