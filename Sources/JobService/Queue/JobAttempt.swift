/// One attempt at one job. A process may still be ending an attempt whose lease it lost when it claims the next one.
struct JobAttempt: Sendable, Hashable {
    var id: JobID
    /// From 1.
    var number: Int
}
