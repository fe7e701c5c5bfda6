/// How jobs are worked on.
public struct WorkerSettings: Sendable {
    /// Jobs that run at a time in this process. 0 takes none: such a process only answers HTTP.
    public var workers = 4
    /// How long a job stays with a process that no longer speaks; renewed every third of it.
    public var lease = Duration.seconds(30)
    /// How often the queue is looked at without being asked: the longest delay of a job whose time has come.
    public var pollEvery = Duration.seconds(1)
    /// How long running jobs may go on once the process is asked to end; then they are given back.
    public var drain = Duration.seconds(20)
    /// Pause after a first failed attempt; doubles from there.
    public var retryFirst = Duration.seconds(1)
    /// Longest pause between two attempts.
    public var retryLongest = Duration.seconds(300)

    /// The defaults.
    public init() {}

    var retryDelay: RetryDelay { RetryDelay(first: self.retryFirst, longest: self.retryLongest) }
}
