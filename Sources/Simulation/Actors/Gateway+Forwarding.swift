import Domain
import Edge

/// From the decision to the last byte of the answer.
extension Gateway {
    func forward(_ exchange: Exchange) {
        exchange.machine.admitted()
        guard exchange.hasClient || exchange.operation.key != nil else {
            exchange.machine.refused()
            self.settle(exchange, .init(key: .none, meter: .void))
            return self.finish(exchange)
        }
        self.lease(exchange)
    }

    private func lease(_ exchange: Exchange) {
        self.expect(exchange, withinMs: Scenario.Times.poolWaitMs)
        switch self.pool.wanted(by: exchange) {
        case .lease(let connection): self.give(connection, to: exchange)
        case .openAndWait: self.open()
        case .wait: break
        case .refuse: self.failed(exchange, .unavailable)
        }
    }

    // MARK: Connections

    private func open() {
        let upstream = self.world.upstream
        self.world.scheduler.after(self.world.delayUs(), self.process) {
            guard upstream.accepts() else { return self.openFailed() }
            let connection = Connection(self.world, caller: self.process, listener: upstream)
            let opened = UpstreamConnection(connection)
            connection.onClose(.caller) { self.closed(opened) }
            self.serve(self.pool.opened(opened), opened)
        }
    }

    private func openFailed() {
        if case .fail(let waiter) = self.pool.openFailed() { self.failed(waiter, .connectFailed) }
        if case .open = self.pool.openForWaiters() { self.open() }
    }

    private func serve(_ free: PoolMachine<UpstreamConnection, Exchange>.OnFree, _ connection: UpstreamConnection) {
        switch free {
        case .lease(let given, let waiter): self.give(given, to: waiter)
        case .open: self.open()
        case .none: break
        case .park:
            guard let idleMs = self.world.upstream.idleMs() else { return }
            self.world.scheduler.after(idleMs * 1_000, self.world.upstream) {
                connection.connection.close(from: .listener)
            }
        }
    }

    private func give(_ connection: UpstreamConnection, to exchange: Exchange) {
        guard exchange.machine.phase == .leasing, !exchange.isFinished else {
            return self.serve(self.pool.released(connection, reusable: true), connection)
        }
        connection.exchange = exchange
        exchange.connection = connection
        exchange.machine.sent()
        self.note { "req \(exchange.number): forwarded on \(connection.connection.number)" }
        let upstream = self.world.upstream
        let operation = exchange.operation
        connection.connection.send(from: .caller) {
            upstream.receive(operation, on: connection.connection) { message in self.heard(message, on: connection) }
        }
        self.expect(exchange, withinMs: Scenario.Times.headMs)
    }

    private func closed(_ connection: UpstreamConnection) {
        connection.isOpen = false
        guard let exchange = connection.exchange else {
            _ = self.pool.idleClosed(connection)
            return
        }
        self.failed(exchange, exchange.machine.phase == .streaming ? .truncated : .lost)
    }

    private func release(_ exchange: Exchange, reusable: Bool) {
        guard let connection = exchange.connection else { return }
        exchange.connection = nil
        connection.exchange = nil
        let keeps = reusable && connection.isOpen
        if !keeps { connection.connection.close(from: .caller) }
        self.serve(self.pool.released(connection, reusable: keeps), connection)
    }

    func abandonUpstream(_ exchange: Exchange) { self.release(exchange, reusable: false) }

    // MARK: The answer

    private func heard(_ message: UpstreamProcess.Message, on connection: UpstreamConnection) {
        guard let exchange = connection.exchange else { return }
        switch message {
        case .head(let status, let execution, let tokens):
            guard exchange.machine.headReceived(status: status) else { return self.failed(exchange, .protocolError) }
            (exchange.status, exchange.execution, exchange.tokens) = (status, execution, tokens)
            exchange.headSent = exchange.hasClient
            self.say(.head(status: status, execution: execution, isReplay: false), to: exchange)
            self.expect(exchange, withinMs: 60_000)
        case .chunk:
            self.say(.chunk, to: exchange)
        case .end(let keepsAlive):
            let outcome = exchange.machine.completed(replayable: true)
            if self.world.plant != .countedAfterAnswer { self.count(exchange, outcome.meter) }
            // Whoever has seen the answer whole finds it under its key again.
            if let claim = self.claimAction(outcome.key, exchange) { self.settleDurable(exchange, claim) }
            self.say(.end, to: exchange)
            self.world.ledger.served(exchange)
            if let downMs = self.process.diesAfterAnswer { return self.world.restart(self.process, downMs: downMs) }
            self.release(exchange, reusable: keepsAlive)
            self.settle(exchange, outcome)
            self.finish(exchange)
        }
    }

    func failed(_ exchange: Exchange, _ failure: UpstreamFailure) {
        let phase = exchange.machine.phase
        let action = exchange.machine.failed(failure)
        guard action != .ignore else { return }
        self.note { "req \(exchange.number): \(failure)" }
        if phase == .leasing { _ = self.pool.cancelled(exchange) }
        self.abandonUpstream(exchange)
        if self.world.plant == .resentAfterLoss, failure == .lost, case .answer = action, exchange.hasClient {
            exchange.machine.begin(exchange.machine.terms)
            exchange.machine.admitted()
            return self.lease(exchange)
        }
        switch action {
        case .ignore:
            break
        case .retry:
            self.lease(exchange)
        case .answer(let code, let key):
            self.settle(exchange, .init(key: self.planted(key, failure), meter: .void))
            self.respond(exchange, code)
        case .abort(let key):
            self.count(exchange, .count)
            exchange.attempt.connection.close(from: .listener)
            self.settle(exchange, .init(key: key, meter: .count))
            self.finish(exchange)
        case .settle(let key):
            self.settle(exchange, .init(key: self.planted(key, failure), meter: .void))
            self.finish(exchange)
        }
    }

    private func planted(_ key: KeyOutcome, _ failure: UpstreamFailure) -> KeyOutcome {
        guard self.world.plant == .claimReleasedOnTimeout, failure == .headTimeout, key != .none else { return key }
        return .release
    }

    // MARK: Deadlines

    func expect(_ exchange: Exchange, withinMs ms: Int) {
        exchange.deadline += 1
        let (mine, nowUs) = (exchange.deadline, self.world.scheduler.nowUs)
        let delayUs = min(ms * 1_000, max(0, exchange.totalDeadlineUs - nowUs))
        self.world.scheduler.after(delayUs, self.process) {
            guard exchange.deadline == mine, !exchange.isFinished else { return }
            switch exchange.machine.phase {
            case .leasing: self.failed(exchange, .unavailable)
            case .sent: self.failed(exchange, .headTimeout)
            case .streaming: self.failed(exchange, .truncated)
            case .idle, .deciding, .finished: break
            }
        }
    }
}
