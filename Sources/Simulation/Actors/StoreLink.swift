import RedisClient

/// A connection to the store that is made again by itself: the shell of `RedisLink` around the same machine, with virtual
/// time. Replies come in order; one that comes after its deadline finds nobody.
final class StoreLink {
    enum Answer {
        case reply(StoreReply)
        case failed(RedisFailure)
    }

    private struct Pending {
        var waiter: ((Answer) -> Void)?
        let sentUs: Int
    }

    private unowned let world: World
    private let owner: Process
    private let number: Int
    private var machine: RedisLinkMachine
    private var connection: Connection?
    private var pending: [Pending] = []
    private var isTimerSet = false
    private let deadlineUs: Int
    /// Which run of the store was reached last.
    private(set) var runID: String?
    var onServerChange: () -> Void = {}
    var onReady: () -> Void = {}

    /// - Parameter number: of the gateway, for the faults that concern it; −1 for the worker.
    init(_ world: World, owner: Process, number: Int, deadlineMs: Int) {
        self.world = world
        self.owner = owner
        self.number = number
        self.deadlineUs = deadlineMs * 1_000
        var configuration = RedisConfiguration(endpoint: .unix(path: ""))
        configuration.reconnectDelayMaxMs = 500
        self.machine = RedisLinkMachine(configuration: configuration, seed: world.scenario.seed &+ UInt64(number + 2))
    }

    var isReady: Bool { self.machine.isReady }
    var pendingCount: Int { self.pending.count }

    func start() {
        if case .connect(let generation) = self.machine.start() { self.connect(generation) }
    }

    /// Returns why the command was not sent; nil when the waiter will hear.
    func send(_ command: StoreCommand, _ waiter: @escaping (Answer) -> Void) -> RedisFailure? {
        guard self.isReady, let connection else { return .notConnected }
        self.write(command, on: connection, waiter)
        return nil
    }

    /// The network between here and the store fails.
    func cut() { self.connection?.cut() }

    private func write(_ command: StoreCommand, on connection: Connection, _ waiter: @escaping (Answer) -> Void) {
        self.pending.append(Pending(waiter: waiter, sentUs: self.world.scheduler.nowUs))
        let store = self.world.store
        let generation = self.machine.generation
        connection.send(from: .caller) {
            store.receive(command, on: connection) { reply in self.received(reply, generation) }
        }
        if !self.isTimerSet { self.setTimer(self.deadlineUs) }
    }

    private func received(_ reply: StoreReply, _ generation: UInt64) {
        guard generation == self.machine.generation, !self.pending.isEmpty else { return }
        self.pending.removeFirst().waiter?(.reply(reply))
    }

    // MARK: Life of the connection

    private func connect(_ generation: UInt64) {
        self.world.scheduler.after(Scenario.Times.connectMs * 1_000, self.owner) {
            let nowMs = UInt64(self.world.scheduler.nowUs / 1_000)
            self.ended(self.machine.attemptExpired(generation: generation, nowMs: nowMs), .connectionLost)
        }
        self.world.scheduler.after(self.world.delayUs(), self.owner) {
            guard self.world.store.isAlive, self.world.isStoreReachable(from: self.number) else {
                return self.lost(generation, .connectionLost)
            }
            let connection = Connection(self.world, caller: self.owner, listener: self.world.store)
            guard self.machine.connected(generation: generation) == .setUp else {
                return connection.close(from: .caller)
            }
            self.connection = connection
            connection.onClose(.caller) { self.lost(generation, .connectionLost) }
            self.write(.runID, on: connection) { answer in
                guard case .reply(.runID(let runID)) = answer else { return }
                self.becomeReady(generation, runID)
            }
        }
    }

    private func becomeReady(_ generation: UInt64, _ runID: String) {
        let nowMs = UInt64(self.world.scheduler.nowUs / 1_000)
        guard self.machine.setUpFinished(generation: generation, nowMs: nowMs) == .becomeReady else { return }
        if self.runID != runID {
            self.runID = runID
            self.onServerChange()
        }
        self.onReady()
    }

    private func lost(_ generation: UInt64, _ failure: RedisFailure) {
        self.ended(
            self.machine.ended(generation: generation, nowMs: UInt64(self.world.scheduler.nowUs / 1_000)), failure)
    }

    private func ended(_ action: RedisLinkMachine.OnEnded, _ failure: RedisFailure) {
        guard case .retry(let afterMs, _) = action else { return }
        self.connection?.close(from: .caller)
        self.connection = nil
        let waiting = self.pending
        self.pending = []
        for entry in waiting { entry.waiter?(.failed(failure)) }
        let generation = self.machine.generation
        self.world.scheduler.after(afterMs * 1_000, self.owner) {
            if case .connect(let next) = self.machine.reconnectDue(generation: generation) { self.connect(next) }
        }
    }

    // MARK: Deadlines

    private func setTimer(_ delayUs: Int) {
        self.isTimerSet = true
        self.world.scheduler.after(delayUs, self.owner) {
            self.isTimerSet = false
            self.checkDeadlines()
        }
    }

    private func checkDeadlines() {
        let nowUs = self.world.scheduler.nowUs
        guard let oldest = self.pending.first else { return }
        if nowUs - oldest.sentUs >= Scenario.Times.storeStallMs * 1_000 {
            return self.lost(self.machine.generation, .deadlineExceeded)
        }
        let generation = self.machine.generation
        var index = 0
        while index < self.pending.count, generation == self.machine.generation {
            if self.pending[index].sentUs + self.deadlineUs <= nowUs, let waiter = self.pending[index].waiter {
                self.pending[index].waiter = nil
                waiter(.failed(.deadlineExceeded))
            }
            index += 1
        }
        guard !self.isTimerSet, let next = self.nextDeadlineUs() else { return }
        self.setTimer(max(1, next - nowUs))
    }

    private func nextDeadlineUs() -> Int? {
        guard let oldest = self.pending.first else { return nil }
        let stallUs = oldest.sentUs + Scenario.Times.storeStallMs * 1_000
        let live = self.pending.first { $0.waiter != nil }.map { $0.sentUs + self.deadlineUs }
        return min(stallUs, live ?? stallUs)
    }
}
