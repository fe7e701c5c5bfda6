/// Where a running job tells how far it has come. Never fails: progress is worth less than the job.
typealias JobProgressReport = @Sendable (JobProgress) async -> Void
