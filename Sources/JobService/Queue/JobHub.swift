import Synchronization

/// Where notifications reach those in this process who wait for them. Signals carry no data: whoever gets one looks
/// at the row. A signal that comes while an earlier one is not yet taken melts into it, so nothing here can grow
/// beyond the number of watchers.
final class JobHub: Sendable {
    enum Signal: Sendable {
        /// Look again.
        case changed
        /// Nothing may have happened; time to show a sign of life.
        case tick
    }

    private struct State {
        var watchers: [JobID: [Int: AsyncStream<Signal>.Continuation]] = [:]
        var nextWatcher = 0
        var isClosed = false
        var onCancel: (@Sendable (JobID) -> Void)?
        var onQueued: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    /// Signals about one job, until `stop` is called, the stream's task ends or the hub is closed.
    func watch(_ id: JobID) -> JobWatch {
        let (signals, continuation) = AsyncStream.makeStream(of: Signal.self, bufferingPolicy: .bufferingNewest(1))
        let number: Int? = self.state.withLock { state in
            guard !state.isClosed else { return nil }
            state.nextWatcher += 1
            state.watchers[id, default: [:]][state.nextWatcher] = continuation
            return state.nextWatcher
        }
        if let number {
            continuation.onTermination = { [weak self] _ in self?.forget(id, number) }
        } else {
            continuation.finish()
        }
        return JobWatch(signals: signals, continuation: continuation)
    }

    /// Who claims jobs, and who can stop one that runs here.
    func connect(onQueued: @escaping @Sendable () -> Void, onCancel: @escaping @Sendable (JobID) -> Void) {
        self.state.withLock { state in
            state.onQueued = onQueued
            state.onCancel = onCancel
        }
    }

    /// Passes a notification on.
    func publish(_ notice: JobNotice) {
        let (watchers, onQueued, onCancel) = self.state.withLock { state in
            (Array((state.watchers[notice.id] ?? [:]).values), state.onQueued, state.onCancel)
        }
        for watcher in watchers { watcher.yield(.changed) }
        switch notice.kind {
        case .queued: onQueued?()
        case .cancel: onCancel?(notice.id)
        case .changed: break
        }
    }

    /// Tells everyone to look: after a time in which notifications may have been missed.
    func publishAll() {
        let onQueued = self.state.withLock { $0.onQueued }
        self.signalAll(.changed)
        onQueued?()
    }

    /// Gives every watcher the chance of a sign of life.
    func tick() { self.signalAll(.tick) }

    /// Ends all watching, for good: the process is about to end.
    func close() {
        let watchers = self.state.withLock { state in
            state.isClosed = true
            return state.watchers.values.flatMap(\.values)
        }
        for watcher in watchers { watcher.finish() }
    }

    /// Watchers at this moment.
    var watcherCount: Int { self.state.withLock { $0.watchers.values.reduce(0) { $0 + $1.count } } }

    private func signalAll(_ signal: Signal) {
        let watchers = self.state.withLock { state in state.watchers.values.flatMap(\.values) }
        for watcher in watchers { watcher.yield(signal) }
    }

    private func forget(_ id: JobID, _ number: Int) {
        self.state.withLock { state in
            state.watchers[id]?[number] = nil
            if state.watchers[id]?.isEmpty == true { state.watchers[id] = nil }
        }
    }
}

/// One subscription to a job's signals.
struct JobWatch: Sendable {
    let signals: AsyncStream<JobHub.Signal>
    fileprivate let continuation: AsyncStream<JobHub.Signal>.Continuation

    /// Ends the signals.
    func stop() { self.continuation.finish() }
}
