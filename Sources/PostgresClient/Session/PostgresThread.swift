import Glibc
import Synchronization

/// One thread on which blocking calls of libpq run, as an actor's executor.
///
/// libpq blocks: on an event loop it would stop every connection of that loop, on Swift's pool one of few threads.
/// The thread starts with the first job and ends after `linger` without one; the next job starts it anew.
final class PostgresThread: SerialExecutor {
    private enum Job {
        case actor(UnownedJob)
        case call(@Sendable () -> Void)
    }

    private struct State {
        var jobs: [Job] = []
        var isRunning = false
        var linger: Duration = .seconds(30)
    }

    private let state = Mutex(State())
    private let signal = WakeSignal()

    func enqueue(_ job: consuming ExecutorJob) { self.add(.actor(UnownedJob(job))) }

    /// Runs a call that belongs to no actor.
    func submit(_ call: @escaping @Sendable () -> Void) { self.add(.call(call)) }

    /// Ends the thread as soon as it has nothing to do. Later jobs still run.
    func retire() {
        self.state.withLock { $0.linger = .zero }
        self.signal.raise()
    }

    private func add(_ job: Job) {
        let mustStart = self.state.withLock { state in
            state.jobs.append(job)
            defer { state.isRunning = true }
            return !state.isRunning
        }
        if mustStart { self.start() } else { self.signal.raise() }
    }

    private func start() {
        // The thread handles no signals: they are the main program's.
        var all = sigset_t()
        var before = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        var thread = pthread_t()
        let context = Unmanaged.passRetained(self).toOpaque()
        let problem = pthread_create(
            &thread, nil,
            { raw in
                guard let raw else { return nil }
                Unmanaged<PostgresThread>.fromOpaque(raw).takeRetainedValue().run()
                return nil
            }, context)
        // Jobs already accepted would never run, and their callers never return: no way on.
        guard problem == 0 else { fatalError("the system gives no thread for PostgreSQL (error \(problem))") }
        pthread_detach(thread)
    }

    private func run() {
        let executor = self.asUnownedSerialExecutor()
        while let jobs = self.nextJobs() {
            for job in jobs {
                switch job {
                case .actor(let job): job.runSynchronously(on: executor)
                case .call(let call): call()
                }
            }
        }
    }

    /// Sleeps until there are jobs; nil when the thread shall end.
    private func nextJobs() -> [Job]? {
        var isIdle = false
        while true {
            let (jobs, linger) = self.state.withLock { state -> ([Job]?, Duration) in
                guard state.jobs.isEmpty else {
                    defer { state.jobs = [] }
                    return (state.jobs, state.linger)
                }
                guard isIdle || state.linger == .zero else { return ([], state.linger) }
                state.isRunning = false
                return (nil, state.linger)
            }
            guard let jobs, jobs.isEmpty else { return jobs }
            isIdle = Readiness.wait(socket: -1, signal: self.signal, until: .now + linger) == .overdue
        }
    }
}
