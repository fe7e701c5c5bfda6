import TestKit
import Testing

@testable import Edge

/// The pool against a naive model: bounds kept, first come first served, nobody lost, nothing leased twice.
@Suite struct PoolMachinePropertyTests {
    @Test func `random events keep the bounds, the order, every waiter and every connection`() throws {
        let seed: UInt64 = 0x900_1001
        var random = SplitMix64(seed: seed)
        for round in 0..<TestEffort.cases(400, full: 20_000) {
            var model = PoolModel(
                connectionsMax: .random(in: 1...4, using: &random), waitersMax: .random(in: 0...5, using: &random))
            for step in 0..<80 {
                model.step(&random)
                guard model.complaints.isEmpty else {
                    Issue.record("seed \(seed), round \(round), step \(step): \(model.complaints)")
                    return
                }
            }
        }
    }
}

/// Who waits, which connections are idle or leased, kept as plainly as can be.
private struct PoolModel {
    private var pool: PoolMachine<Int, Int>
    private var waiting: [Int] = []
    private var idle: Set<Int> = []
    private var leased: Set<Int> = []
    private var opening = 0
    private var nextWaiter = 0
    private var nextConnection = 0
    private(set) var complaints: [String] = []

    init(connectionsMax: Int, waitersMax: Int) {
        self.pool = PoolMachine(connectionsMax: connectionsMax, waitersMax: waitersMax)
    }

    private mutating func expect(_ condition: Bool, _ complaint: String) {
        if !condition { self.complaints.append(complaint) }
    }

    mutating func step(_ random: inout SplitMix64) {
        switch Int.random(in: 0..<10, using: &random) {
        case 0..<4: self.want()
        case 4, 5: self.open()
        case 6: self.failToOpen()
        case 7: self.release(reusable: true, &random)
        case 8: self.release(reusable: false, &random)
        default: self.giveUp(&random)
        }
        self.check()
    }

    private mutating func want() {
        self.nextWaiter += 1
        switch self.pool.wanted(by: self.nextWaiter) {
        case .lease(let connection):
            self.expect(self.waiting.isEmpty, "an idle connection overtook a waiter")
            self.expect(self.idle.remove(connection) != nil, "leased a connection that was not idle")
            self.leased.insert(connection)
        case .openAndWait:
            self.waiting.append(self.nextWaiter)
            self.opening += 1
        case .wait:
            self.waiting.append(self.nextWaiter)
        case .refuse:
            self.expect(self.waiting.count >= self.pool.waitersMax, "refused although the queue had room")
        }
    }

    private mutating func open() {
        guard self.opening > 0 else { return }
        self.opening -= 1
        self.nextConnection += 1
        self.served(self.nextConnection, self.pool.opened(self.nextConnection))
    }

    private mutating func failToOpen() {
        guard self.opening > 0 else { return }
        self.opening -= 1
        switch self.pool.openFailed() {
        case .fail(let waiter):
            self.expect(self.waiting.first == waiter, "failed another waiter than the first")
            if !self.waiting.isEmpty { self.waiting.removeFirst() }
        case .none:
            self.expect(self.waiting.isEmpty, "a failure was told to nobody")
        }
        if case .open = self.pool.openForWaiters() { self.opening += 1 }
    }

    private mutating func release(reusable: Bool, _ random: inout SplitMix64) {
        guard let connection = self.leased.sorted().randomElement(using: &random) else {
            guard let connection = self.idle.sorted().randomElement(using: &random) else { return }
            self.idle.remove(connection)
            self.expect(self.pool.idleClosed(connection), "an idle connection was not known")
            return
        }
        self.leased.remove(connection)
        let outcome = self.pool.released(connection, reusable: reusable)
        if reusable { self.served(connection, outcome) } else { self.replaced(outcome) }
    }

    private mutating func replaced(_ outcome: PoolMachine<Int, Int>.OnFree) {
        switch outcome {
        case .open: self.opening += 1
        case .none: break
        case .lease, .park: self.expect(false, "a broken connection was kept")
        }
    }

    private mutating func served(_ connection: Int, _ outcome: PoolMachine<Int, Int>.OnFree) {
        switch outcome {
        case .lease(let leased, let waiter):
            self.expect(leased == connection, "leased another connection")
            self.expect(self.waiting.first == waiter, "served another waiter than the first")
            if !self.waiting.isEmpty { self.waiting.removeFirst() }
            self.expect(self.leased.insert(connection).inserted, "leased a connection twice")
        case .park:
            self.expect(self.waiting.isEmpty, "parked a connection while somebody waits")
            self.idle.insert(connection)
        case .open, .none:
            self.expect(false, "lost a good connection")
        }
    }

    private mutating func giveUp(_ random: inout SplitMix64) {
        guard let index = self.waiting.indices.randomElement(using: &random) else { return }
        self.expect(self.pool.cancelled(self.waiting.remove(at: index)), "a waiter was not known")
    }

    private mutating func check() {
        self.expect(self.pool.open <= self.pool.connectionsMax, "more connections than allowed")
        self.expect(self.pool.waiters <= self.pool.waitersMax, "more waiters than allowed")
        self.expect(self.pool.open == self.idle.count + self.leased.count + self.opening, "lost count of connections")
        self.expect(self.pool.waiters == self.waiting.count, "lost count of waiters")
        self.expect(Set(self.pool.idle) == self.idle, "lost track of idle connections")
        self.expect(
            self.waiting.isEmpty || self.opening + self.leased.count > 0, "somebody waits for a connection nobody opens"
        )
    }
}
