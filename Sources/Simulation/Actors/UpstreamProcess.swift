import Edge

/// The service behind the gateways. What it does with a request is drawn as the request arrives: execute it or not,
/// answer whole, in part or not at all, soon or too late.
final class UpstreamProcess: Process {
    enum Message {
        case head(status: Int, execution: Int, tokens: Int)
        case chunk
        case end(keepsAlive: Bool)
    }

    private enum Script: CaseIterable {
        case answer, closeUnread, closeExecuted, failed, busy, limited, truncate, silent, slow
    }

    private unowned let world: World
    private var random: SeededRandom
    private var executions = 0

    init(_ world: World) {
        self.world = world
        self.random = SeededRandom(seed: world.scenario.seed, stream: 40)
        super.init("upstream")
        self.begin()
    }

    /// Whether a connection attempt succeeds now.
    func accepts() -> Bool { !self.random.percent(4) }

    /// An idle connection that is closed from this side, if it is.
    func idleMs() -> Int? { self.random.percent(20) ? self.random.within(1...400) : nil }

    func receive(_ operation: Operation, on connection: Connection, _ hears: @escaping (Message) -> Void) {
        let script = self.script()
        guard script != .closeUnread else {
            self.world.note(self) { "closes without reading op \(operation.number)" }
            return connection.close(from: .listener)
        }
        let startUs = script == .slow ? self.random.within(500...4_000) * 1_000 : self.random.within(50...8_000)
        self.world.scheduler.after(startUs, self) { self.run(script, operation, connection, hears) }
    }

    private func script() -> Script {
        guard self.random.percent(self.world.scenario.trouble) else { return .answer }
        return Script.allCases[self.random.below(Script.allCases.count)]
    }

    private func run(
        _ script: Script, _ operation: Operation, _ connection: Connection, _ hears: @escaping (Message) -> Void
    ) {
        switch script {
        case .busy, .limited:
            // Refused, so not executed (STANDARDS §1, row f2).
            let status = script == .busy ? 503 : 429
            connection.send(from: .listener) { hears(.head(status: status, execution: 0, tokens: 0)) }
            connection.send(from: .listener) { hears(.end(keepsAlive: true)) }
            return
        case .answer, .closeExecuted, .failed, .truncate, .silent, .slow, .closeUnread:
            break
        }
        self.executions += 1
        let execution = self.executions
        self.world.note(self) { "executes op \(operation.number) as execution \(execution): \(script)" }
        self.world.ledger.executed(operation)
        switch script {
        case .closeExecuted: connection.close(from: .listener)
        case .silent: break
        default:
            let status = script == .failed ? 500 : 200
            let chunks = script == .truncate ? self.random.below(operation.chunks) : operation.chunks
            connection.send(from: .listener) {
                hears(.head(status: status, execution: execution, tokens: operation.tokens))
            }
            self.stream(chunks, thenCloses: script == .truncate, connection, hears)
        }
    }

    private func stream(
        _ chunks: Int, thenCloses: Bool, _ connection: Connection, _ hears: @escaping (Message) -> Void
    ) {
        guard chunks > 0 else {
            if thenCloses { return connection.close(from: .listener) }
            let keepsAlive = self.random.percent(80)
            connection.send(from: .listener) { hears(.end(keepsAlive: keepsAlive)) }
            if !keepsAlive { connection.close(from: .listener) }
            return
        }
        connection.send(from: .listener) { hears(.chunk) }
        let pauseUs = self.random.percent(5) ? 300_000 : self.random.within(10...5_000)
        self.world.scheduler.after(pauseUs, self) { self.stream(chunks - 1, thenCloses: thenCloses, connection, hears) }
    }
}
