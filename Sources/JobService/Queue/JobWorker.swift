import Logging

/// Runs one claimed job to the end of its attempt and writes down how it ended.
struct JobWorker: Sendable {
    let store: JobStore
    let runner: JobRunner
    let retryDelay: RetryDelay
    let logger: Logger

    private enum Ending: Sendable {
        case succeeded(JobResult)
        case failed(JobFailure)
        case stopped(JobsInFlight.StopReason)
    }

    func run(_ claim: JobClaim, stop: AsyncStream<JobsInFlight.StopReason>) async {
        let ending = await self.ending(of: claim, stop: stop)
        await self.settle(claim, ending)
    }

    /// Whatever comes first: the work's end, or a reason to stop it.
    private func ending(of claim: JobClaim, stop: AsyncStream<JobsInFlight.StopReason>) async -> Ending {
        await withTaskGroup(of: Ending?.self) { group in
            group.addTask { await self.work(on: claim) }
            group.addTask {
                for await reason in stop { return .stopped(reason) }
                return nil
            }
            var ending: Ending?
            while ending == nil, let next = await group.next() { ending = next }
            group.cancelAll()
            return ending ?? .stopped(.shutdown)
        }
    }

    private func work(on claim: JobClaim) async -> Ending? {
        let gate = ProgressGate()
        do {
            let result = try await self.runner.run(claim.job) { progress in
                guard gate.admits(progress, at: .now) else { return }
                do {
                    try await self.store.report(progress, of: claim)
                } catch {
                    self.logger.debug("progress was not noted", metadata: self.metadata(claim, error))
                }
            }
            return .succeeded(result)
        } catch let failure as JobFailure {
            return .failed(failure)
        } catch is CancellationError where Task.isCancelled {
            // Whoever cancelled the work has its reason in the other task, or the whole process ends.
            return nil
        } catch {
            self.logger.error("a job failed in an unforeseen way", metadata: self.metadata(claim, error))
            return .failed(
                JobFailure(code: "internal-error", message: "The work failed inside the service.", mayRetry: true))
        }
    }

    /// Writes the ending down, however long the database is away: the result of work is not thrown away lightly.
    private func settle(_ claim: JobClaim, _ ending: Ending) async {
        var random = SystemRandomNumberGenerator()
        let pause = RetryDelay(first: .milliseconds(200), longest: .seconds(5))
        var attempt = 1
        while true {
            do {
                let held = try await self.write(ending, of: claim)
                if !held {
                    self.logger.info("the lease was gone, the outcome is dropped", metadata: ["job": "\(claim.id)"])
                }
                return
            } catch {
                self.logger.warning("the outcome is not written yet", metadata: self.metadata(claim, error))
            }
            let delay = pause.delay(afterAttempt: attempt, random: &random)
            guard (try? await Task.sleep(for: delay)) != nil else { return }
            attempt += 1
        }
    }

    private func write(_ ending: Ending, of claim: JobClaim) async throws -> Bool {
        switch ending {
        case .succeeded(let result): return try await self.store.succeed(claim, result)
        case .failed(let failure):
            var random = SystemRandomNumberGenerator()
            let again = failure.mayRetry && claim.attempt.number < claim.job.maxAttempts
            let delay = self.retryDelay.delay(
                afterAttempt: claim.attempt.number, lowerBound: failure.retryAfter, random: &random)
            return try await self.store.fail(claim, failure, retryAfter: again ? delay : nil)
        case .stopped(.cancelled): return try await self.store.confirmCancel(claim)
        case .stopped(.shutdown): return try await self.store.release(claim)
        case .stopped(.leaseLost): return false
        }
    }

    private func metadata(_ claim: JobClaim, _ error: any Error) -> Logger.Metadata {
        ["job": "\(claim.id)", "attempt": "\(claim.attempt.number)", "error": "\(error)"]
    }
}
