import Logging

/// Does the work of one attempt.
struct JobRunner: Sendable {
    /// Who is asked by jobs of type `http`; without it such jobs are neither taken in nor claimed.
    var modelServer: ModelServer?
    var logger: Logger

    /// The types that this process can do.
    var types: [JobType] { JobType.allCases.filter { $0 != .http || self.modelServer != nil } }

    /// - Throws: ``JobFailure`` where the work failed, `CancellationError` where it was stopped.
    func run(_ job: Job, progress: JobProgressReport) async throws -> JobResult {
        guard let type = JobType(rawValue: job.type), self.types.contains(type) else {
            throw JobFailure(code: "unknown-type", message: "This service does no `\(job.type)` jobs.", mayRetry: false)
        }
        let (input, problems) = JobInput.read(job.input, as: type, at: "/input")
        guard let input else {
            let first = problems.first.map { "\($0.detail)" } ?? "not readable"
            throw JobFailure(
                code: "invalid-input", message: "The stored input is not valid: \(first).", mayRetry: false)
        }
        switch input {
        case .count(let input): return input.run()
        case .hash(let input): return input.run()
        case .transform(let input): return input.run()
        case .slow(let input): return try await input.run(progress: progress)
        case .http(let input):
            guard let modelServer else {
                throw JobFailure(code: "unknown-type", message: "No model server is configured.", mayRetry: false)
            }
            return try await modelServer.complete(input, jobID: job.id, logger: self.logger)
        }
    }
}
