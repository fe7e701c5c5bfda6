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
        let withinUs: Int

        var dueUs: Int { self.sentUs + self.withinUs }
    }

    private unowned let world: World
    private let owner: Process
    private let number: Int
    private var machine: RedisLinkMachine
    private var connection: Connection?
    /// The latest connection that was ready and was lost: what was sent on it may be executed still.
    private var lostConnection: Connection?
    private var pending: [Pending] = []
    /// When the timer fires that counts; another one that is still to fire means nothing.
    private var timerAtUs = Int.max
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
    func send(
        _ command: StoreCommand, withinUs: Int? = nil, _ waiter: @escaping (Answer) -> Void
    ) -> RedisFailure? {
        guard self.isReady, let connection else { return .notConnected }
        self.write(command, on: connection, withinUs: withinUs, waiter)
        return nil
    }

    /// The network between here and the store fails.
    func cut() { self.connection?.cut() }

    private func write(
        _ command: StoreCommand, on connection: Connection, withinUs: Int? = nil, _ waiter: @escaping (Answer) -> Void
    ) {
        let entry = Pending(
            waiter: waiter, sentUs: self.world.scheduler.nowUs, withinUs: withinUs ?? self.deadlineUs)
        self.pending.append(entry)
        let store = self.world.store
        let generation = self.machine.generation
        connection.send(from: .caller) {
            store.receive(command, on: connection) { reply in self.received(reply, generation) }
        }
        self.setTimer(entry.dueUs)
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
                self.fence(generation, runID, on: connection)
            }
        }
    }

    /// As the edge's link: a lost connection to the same server is ended before the next one is used.
    private func fence(_ generation: UInt64, _ runID: String, on connection: Connection) {
        guard let lost = self.lostConnection, runID == self.runID, self.number >= 0,
            self.world.plant != .fenceMissing
        else { return self.becomeReady(generation, runID) }
        self.write(.fence(lost), on: connection) { answer in
            guard case .reply = answer else { return }
            self.becomeReady(generation, runID)
        }
    }

    private func becomeReady(_ generation: UInt64, _ runID: String) {
        let nowMs = UInt64(self.world.scheduler.nowUs / 1_000)
        guard self.machine.setUpFinished(generation: generation, nowMs: nowMs) == .becomeReady else { return }
        self.lostConnection = nil
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
        guard case .retry(let afterMs, let wasReady) = action else { return }
        if wasReady { self.lostConnection = self.connection }
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

    /// As the edge's link: while only answers that nobody waits for are due the timer is late, and a new command sets it
    /// earlier.
    private func setTimer(_ atUs: Int) {
        guard atUs < self.timerAtUs else { return }
        self.timerAtUs = atUs
        self.world.scheduler.after(atUs - self.world.scheduler.nowUs, self.owner) {
            guard self.timerAtUs == atUs else { return }
            self.timerAtUs = .max
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
        while index < self.pending.count, generation == self.machine.generation,
            self.world.plant != .deadlineIgnored
        {
            if self.pending[index].dueUs <= nowUs, let waiter = self.pending[index].waiter {
                self.pending[index].waiter = nil
                waiter(.failed(.deadlineExceeded))
            }
            index += 1
        }
        guard let next = self.nextDeadlineUs() else { return }
        self.setTimer(max(nowUs + 1, next))
    }

    private func nextDeadlineUs() -> Int? {
        guard let oldest = self.pending.first else { return nil }
        let stallUs = oldest.sentUs + Scenario.Times.storeStallMs * 1_000
        let live = self.pending.lazy.filter { $0.waiter != nil }.map(\.dueUs).min()
        return min(stallUs, live ?? stallUs)
    }
}
