import Domain
import RedisClient

/// The workers: usage from the store to PostgreSQL as `UsageFlusher` moves it, and records from PostgreSQL to the store
/// as `OutboxPublisher` and `RedisSync` do.
final class WorkerProcess: Process {
    private unowned let world: World
    private var link: StoreLink?
    private var isFullScanDue = true
    private var isSyncDue = true
    private var isPublishing = false
    /// Whole rounds over all hashes that succeeded.
    private(set) var fullScans = 0

    private static let intervalMs = 1_000
    private static let fullScanMs = 5_000

    init(_ world: World) {
        self.world = world
        super.init("worker")
    }

    func start() {
        guard !self.isAlive else { return }
        self.begin()
        let link = StoreLink(self.world, owner: self, number: -1, deadlineMs: 1_000)
        self.link = link
        self.isFullScanDue = true
        self.isSyncDue = true
        self.isPublishing = false
        link.onServerChange = { [unowned self] in
            self.isSyncDue = true
            self.isFullScanDue = true
        }
        link.onReady = { [unowned self] in self.publish() }
        link.start()
        self.flushLater(5)
        self.pollLater()
        self.scanLater()
    }

    func die() {
        guard self.isAlive else { return }
        self.world.note(self) { "dies" }
        self.link = nil
        self.world.kill(self)
    }

    func requestSync() {
        self.isSyncDue = true
        self.publish()
    }

    private func after(_ ms: Int, _ action: @escaping () -> Void) {
        self.world.scheduler.after(ms * 1_000, self, action)
    }

    // MARK: Records

    private func pollLater() {
        self.after(500) {
            self.publish()
            self.pollLater()
        }
    }

    private func publish() {
        guard self.isAlive, let link, link.isReady, !self.isPublishing else { return }
        guard self.isSyncDue || self.world.records.isOutboxFull else { return }
        self.isPublishing = true
        self.isSyncDue = false
        let records = self.world.records
        records.transaction(for: self) {
            records.organisation
        } then: { record in
            guard let record else { return self.publishFailed() }
            let word = self.world.network.within(1_000...9_999)
            let failure = link.send(.publish(Scenario.organisation, record, word: word)) { answer in
                guard case .reply = answer else { return self.publishFailed() }
                self.isPublishing = false
                records.transaction(for: self) {
                    records.published(record.version)
                } then: { _ in
                }
            }
            if failure != nil { self.publishFailed() }
        }
    }

    private func publishFailed() {
        self.isPublishing = false
        self.isSyncDue = true
    }

    // MARK: Usage

    private func scanLater() {
        self.after(Self.fullScanMs) {
            self.isFullScanDue = true
            self.scanLater()
        }
    }

    private func flushLater(_ ms: Int = WorkerProcess.intervalMs) {
        self.after(ms) {
            let isFull = self.isFullScanDue
            self.isFullScanDue = false
            self.flushNames(isFull ? .hashes : .takeDirty) { succeeded in
                if isFull, succeeded { self.fullScans += 1 }
                // What was taken from the set may not be recorded: look at everything once it works again.
                if !succeeded { self.isFullScanDue = true }
                self.flushLater()
            }
        }
    }

    private func flushNames(_ command: StoreCommand, _ done: @escaping (Bool) -> Void) {
        let failure = self.link?.send(command) { answer in
            guard case .reply(.names(let names)) = answer else { return done(false) }
            self.flush(names[...], done)
        }
        if self.link == nil || failure != nil { done(false) }
    }

    private func flush(_ names: ArraySlice<String>, _ done: @escaping (Bool) -> Void) {
        guard let name = names.first else { return done(true) }
        let records = self.world.records
        let failure = self.link?.send(.counters(name)) { answer in
            guard case .reply(.counters(let counters)) = answer else { return done(false) }
            records.transaction(for: self) {
                records.record(name, counters)
                return true
            } then: { isRecorded in
                self.world.note(self) { "flushes \(name): \(isRecorded == nil ? "perhaps" : "recorded")" }
                guard isRecorded != nil else { return done(false) }
                self.flush(names.dropFirst(), done)
            }
        }
        if failure != nil { done(false) }
    }
}
