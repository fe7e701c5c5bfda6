import Testing

@testable import JobService

@Suite struct `The hub` {
    private let job = JobID(stored: "job_a")
    private let other = JobID(stored: "job_b")

    @Test func `watchers hear of their job, and signals melt together`() async {
        let hub = JobHub()
        let watch = hub.watch(self.job)
        let stranger = hub.watch(self.other)
        for _ in 0..<100 { hub.publish(JobNotice(kind: .changed, id: self.job)) }
        watch.stop()
        stranger.stop()
        var heard = 0
        for await _ in watch.signals { heard += 1 }
        for await _ in stranger.signals { Issue.record("a signal about another job") }
        #expect(heard == 1)
        #expect(hub.watcherCount == 0)
    }

    @Test func `a watch ends with the task that reads it`() async {
        let hub = JobHub()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<5 {
                let watch = hub.watch(self.job)
                group.addTask { for await _ in watch.signals {} }
            }
            #expect(hub.watcherCount == 5)
            group.cancelAll()
        }
        #expect(hub.watcherCount == 0)
    }

    @Test func `a closed hub ends all watching, and new watches at once`() async {
        let hub = JobHub()
        let early = hub.watch(self.job)
        hub.close()
        let late = hub.watch(self.job)
        for await _ in early.signals { Issue.record("a signal after the close") }
        for await _ in late.signals { Issue.record("a signal after the close") }
        #expect(hub.watcherCount == 0)
    }

    @Test func `two attempts at one job are told apart`() async {
        let inFlight = JobsInFlight()
        let first = JobAttempt(id: self.job, number: 1)
        let second = JobAttempt(id: self.job, number: 2)
        _ = inFlight.add(first)
        let stops = inFlight.add(second)
        inFlight.remove(first)
        #expect(inFlight.attempts == [second])
        inFlight.stop(self.job, .cancelled)
        inFlight.stop(second, .shutdown)
        inFlight.remove(second)
        var reasons: [JobsInFlight.StopReason] = []
        for await reason in stops { reasons.append(reason) }
        #expect(reasons == [.cancelled])
        #expect(inFlight.count == 0)
    }
}
