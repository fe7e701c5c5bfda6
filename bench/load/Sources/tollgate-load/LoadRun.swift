import LoadModel
import NIOCore
import NIOPosix

/// One run: as many engines as the scenario has threads, their sums, their checks.
struct LoadRun {
    struct Outcome {
        let tally: Tally
        let checks: [Check]
        let seconds: Double
    }

    let scenario: Scenario
    let target: Target
    let keys: [String]
    let seed: UInt64

    func run(showsProgress: Bool) async throws -> Outcome {
        let threads = min(scenario.load.threads, scenario.load.connections)
        if threads > 1, !scenario.limits.isEmpty {
            throw Unusable("limits are checked on one thread; leave `threads` out or `limits`")
        }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: threads)
        let outcome: Outcome
        do {
            outcome = try await load(on: group, threads: threads, showsProgress: showsProgress)
        } catch {
            try? await group.shutdownGracefully()
            throw error
        }
        try await group.shutdownGracefully()
        return outcome
    }

    private func load(
        on group: MultiThreadedEventLoopGroup, threads: Int, showsProgress: Bool
    ) async throws -> Outcome {
        var scenario = scenario
        scenario.load.threads = threads
        let bytes = RequestBytes(kinds: scenario.requests, keys: keys, target: target)
        // Connections are opened first; time begins a moment later, for all threads at once.
        let startNs = NIODeadline.now().uptimeNanoseconds + 200_000_000 + UInt64(scenario.load.connections) * 100_000
        var engines: [EngineHandle] = []
        for thread in 0..<threads {
            let share = scenario.load.connections / threads + (thread < scenario.load.connections % threads ? 1 : 0)
            engines.append(
                try await EngineHandle.make(on: group.next()) { [scenario, target, keys, seed] loop in
                    let engine = Engine(
                        scenario: scenario, target: target, bytes: bytes, keys: keys.count, thread: thread, seed: seed,
                        startNs: startNs, buckets: BucketBook(limits: scenario.limits, keys: keys.count), loop: loop)
                    return (engine, engine.connect(share))
                })
        }
        let progress = Progress(total: scenario.load.totalNs, engines: engines)
        let showing = showsProgress ? Task { await progress.show() } : nil
        for engine in engines { engine.begin() }
        for engine in engines { try await engine.whenOver() }
        showing?.cancel()
        await showing?.value
        return try await sum(engines, measuredNs: scenario.load.totalNs - scenario.load.warmUpNs)
    }

    private func sum(_ engines: [EngineHandle], measuredNs: UInt64) async throws -> Outcome {
        var tally = Tally()
        var replays = ReplayBook()
        var checks: [Check] = []
        for engine in engines {
            let part = try await engine.result()
            tally.add(part.tally)
            replays.add(part.replays)
            checks += part.buckets.checks()
        }
        let failed = tally.unexpected + tally.broken + tally.timeouts
        let strange = tally.statuses.filter { !scenario.statuses.contains($0.key) }
        checks.insert(
            Check(
                name: "answers", isMet: failed == 0 && tally.sent > 0,
                says: "\(tally.unexpected) unexpected"
                    + (strange.isEmpty
                        ? "" : " (\(strange.map { "\($0.value) × \($0.key)" }.sorted().joined(separator: ", ")))")
                    + ", \(tally.broken) broken connections, \(tally.timeouts) without an answer in \(tally.sent)"),
            at: 0)
        if let check = replays.check() { checks.append(check) }
        return Outcome(tally: tally, checks: checks, seconds: Double(measuredNs) / 1e9)
    }
}
