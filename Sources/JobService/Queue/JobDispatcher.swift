import Logging
import ServiceLifecycle

/// Claims due jobs whenever a worker is free, keeps their leases, and takes jobs away from processes that died.
///
/// It looks at the queue when a notification says so, when a worker becomes free, and every `pollEvery`. When the
/// process is asked to end it claims nothing more, lets running jobs finish for `drain`, and gives the rest back.
struct JobDispatcher: Service {
    private let store: JobStore
    private let settings: WorkerSettings
    private let types: [JobType]
    private let worker: JobWorker
    private let logger: Logger
    private let claiming: OutageLog
    private let tending: OutageLog
    /// Names this process in leases; new with every start, so that a restarted process cannot take its own old leases
    /// for good ones.
    private let owner: String
    private let inFlight = JobsInFlight()
    private let wake: AsyncStream<Void>
    private let waker: AsyncStream<Void>.Continuation

    init(store: JobStore, runner: JobRunner, hub: JobHub, settings: WorkerSettings, owner: String, logger: Logger) {
        self.store = store
        self.settings = settings
        self.types = runner.types
        self.worker = JobWorker(store: store, runner: runner, retryDelay: settings.retryDelay, logger: logger)
        self.logger = logger
        self.claiming = OutageLog("claim jobs", logger: logger)
        self.tending = OutageLog("renew leases", logger: logger)
        self.owner = owner
        (self.wake, self.waker) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let (waker, inFlight) = (self.waker, self.inFlight)
        hub.connect(onQueued: { waker.yield() }, onCancel: { inFlight.stop($0, .cancelled) })
    }

    func run() async throws {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.every(self.settings.pollEvery) { self.waker.yield() } }
            group.addTask { await self.every(self.settings.lease / 3) { await self.tendLeases() } }
            // A group of its own for the jobs, so that leases are kept until the last of them has ended.
            await withGracefulShutdownHandler {
                await self.claimUntilShutdown()
            } onGracefulShutdown: {
                self.waker.finish()
            }
            group.cancelAll()
        }
    }

    private func claimUntilShutdown() async {
        await withDiscardingTaskGroup { group in
            self.waker.yield()
            for await _ in self.wake {
                for claim in await self.claim() {
                    let stop = self.inFlight.add(claim.attempt)
                    group.addTask {
                        await self.worker.run(claim, stop: stop)
                        self.inFlight.remove(claim.attempt)
                        self.waker.yield()
                    }
                }
            }
            await self.drain()
        }
    }

    private func claim() async -> [JobClaim] {
        let free = self.settings.workers - self.inFlight.count
        guard free > 0 else { return [] }
        do {
            let claims = try await self.store.claim(
                limit: free, types: self.types, owner: self.owner, lease: self.settings.lease)
            self.claiming.worked()
            // More may be waiting than were free to take; a full hand says so.
            if claims.count == free { self.waker.yield() }
            return claims
        } catch {
            self.claiming.failed(error)
            return []
        }
    }

    /// Renews what runs here, stops what is no longer ours, and frees what others let expire.
    private func tendLeases() async {
        do {
            let running = self.inFlight.attempts
            if !running.isEmpty {
                let held = try await self.store.renew(
                    running.map(\.id), owner: self.owner, lease: self.settings.lease)
                for attempt in running {
                    switch held[attempt] {
                    case true?: self.inFlight.stop(attempt, .cancelled)
                    case false?: break
                    case nil: self.inFlight.stop(attempt, .leaseLost)
                    }
                }
            }
            // After the renewal: what runs here is not taken away for an outage of the database.
            let lost = try await self.store.reap(limit: 1_000)
            self.tending.worked()
            if lost > 0 { self.logger.warning("took back jobs of lost workers", metadata: ["jobs": "\(lost)"]) }
        } catch {
            self.tending.failed(error)
        }
    }

    private func drain() async {
        let deadline = ContinuousClock.now + self.settings.drain
        while self.inFlight.count > 0, ContinuousClock.now < deadline {
            guard (try? await Task.sleep(for: .milliseconds(20))) != nil else { break }
        }
        self.inFlight.stopAll(.shutdown)
    }

    private func every(_ pause: Duration, _ act: @Sendable () async -> Void) async {
        while (try? await Task.sleep(for: pause)) != nil { await act() }
    }
}
