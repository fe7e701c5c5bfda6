/// The right to run one attempt of a job, as long as its lease is renewed.
struct JobClaim: Sendable, Hashable {
    var job: Job
    /// The process that holds the lease.
    var owner: String

    var id: JobID { self.job.id }
    /// Together with `owner`, what every later change is fenced by.
    var attempt: JobAttempt { JobAttempt(id: self.job.id, number: self.job.attempts) }
}
