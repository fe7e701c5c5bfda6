import Domain

/// Somebody who calls the gateways: one operation after another, each tried again until there is an answer to keep, with
/// the same key; now and then impatient, now and then twice at once.
final class ClientActor: Process {
    private unowned let world: World
    private let number: Int
    private var random: SeededRandom
    private var operationsLeft: Int
    private static let triesMax = 5

    init(_ world: World, number: Int) {
        self.world = world
        self.number = number
        self.random = SeededRandom(seed: world.scenario.seed, stream: 100 + number)
        self.operationsLeft = world.scenario.operationsPerClient
        super.init("client-\(number)")
        self.begin()
    }

    func start() {
        let scenario = self.world.scenario
        let pauseUs =
            scenario.isBursty ? 30_000 : self.random.below(scenario.loadMs * 1_000 / scenario.operationsPerClient + 1)
        self.world.scheduler.after(pauseUs, self) { self.next() }
    }

    private func next() {
        guard self.operationsLeft > 0 else { return self.world.clientDone() }
        self.operationsLeft -= 1
        let routes = self.world.scenario.routes
        let route = routes[self.random.below(routes.count)]
        let operationNumber = self.world.nextNumber()
        let isKeyed = route.isKeyed
        // A few keys are shared by clients of one org.
        let key = self.random.percent(self.world.scenario.sharedKeys) ? "shared \(route)" : "key \(operationNumber)"
        let operation = Operation(
            number: operationNumber, principal: self.random.below(Scenario.principals), route: route,
            key: isKeyed ? key : nil,
            isIdempotentMethod: !isKeyed && self.random.percent(30), tokens: self.random.within(1...9),
            chunks: self.random.below(5))
        self.attempt(operation, tries: 1)
        if isKeyed, self.random.percent(10) {
            self.world.scheduler.after(self.random.below(3_000), self) {
                self.send(operation, tries: Self.triesMax) { _ in }
            }
        }
    }

    private func attempt(_ operation: Operation, tries: Int) {
        self.send(operation, tries: tries) { wantsAgain in
            let pauseMs = self.pauseMs()
            guard wantsAgain, tries < Self.triesMax else {
                return self.world.scheduler.after(pauseMs * 1_000, self) { self.next() }
            }
            self.world.scheduler.after(pauseMs * 1_000, self) { self.attempt(operation, tries: tries + 1) }
        }
    }

    private func pauseMs() -> Int {
        if self.world.scenario.isBursty { return 5 }
        return self.random.within(self.world.scenario.isScarce ? 10...300 : 20...1_200)
    }

    /// Sends one request; `done` hears once whether it should be tried again.
    private func send(_ operation: Operation, tries: Int, _ done: @escaping (Bool) -> Void) {
        let gateways = self.world.gateways.filter(\.isAlive)
        guard !gateways.isEmpty else { return self.world.scheduler.after(100_000, self) { done(true) } }
        let gateway = gateways[self.random.below(gateways.count)]
        let connection = Connection(self.world, caller: self, listener: gateway)
        let conversation = Conversation(self.world, self, operation, connection, done)
        let attempt = Attempt(number: self.world.nextNumber(), operation: operation, connection: connection) {
            message in
            conversation.heard(message)
        }
        conversation.number = attempt.number
        self.world.ledger.sent(operation)
        self.world.note(self) {
            "sends req \(attempt.number) (op \(operation.number) \(operation.route) \(operation.key ?? "no key")) to \(gateway.name)"
        }
        connection.onClose(.caller) { conversation.closed() }
        connection.send(from: .caller) { gateway.gateway?.receive(attempt) }
        let patienceMs = self.random.percent(12) ? self.random.within(1...60) : Scenario.Times.clientPatienceMs
        self.world.scheduler.after(patienceMs * 1_000, self) { conversation.giveUp() }
    }
}

/// One request as its client sees it.
private final class Conversation {
    private unowned let world: World
    private unowned let client: ClientActor
    private let operation: Operation
    private let connection: Connection
    private let done: (Bool) -> Void
    var number = 0
    private var answers = 0
    private var execution: Int?
    private var status = 0
    private var isOver = false

    init(
        _ world: World, _ client: ClientActor, _ operation: Operation, _ connection: Connection,
        _ done: @escaping (Bool) -> Void
    ) {
        self.world = world
        self.client = client
        self.operation = operation
        self.connection = connection
        self.done = done
    }

    func heard(_ message: ClientMessage) {
        switch message {
        case .head(let status, let execution, _):
            self.answered()
            self.status = status
            self.execution = execution
        case .problem(let code):
            self.answered()
            self.world.note(self.client) { "req \(self.number): \(code.rawValue)" }
            self.over(again: Self.isWorthRetrying(code) && (self.operation.key != nil || code.status == 503))
        case .chunk:
            if self.execution == nil {
                self.world.violation(.answerOutOfOrder, "req \(self.number): content before a head")
            }
        case .end:
            guard let execution else {
                return self.world.violation(.answerOutOfOrder, "req \(self.number): an end before a head")
            }
            self.world.note(self.client) { "req \(self.number): \(self.status), execution \(execution)" }
            if self.status == 200 { self.world.ledger.answered(self.operation, execution: execution) }
            self.over(again: self.status == 503 || self.status == 429)
        }
    }

    private func answered() {
        self.answers += 1
        if self.answers > 1 { self.world.violation(.answeredTwice, "req \(self.number) has two answers") }
    }

    private static func isWorthRetrying(_ code: ProblemCode) -> Bool {
        switch code {
        case .idempotencyInProgress, .rateLimitExceeded, .limiterUnavailable, .upstreamConnectFailed,
            .upstreamUnavailable, .upstreamConnectionLost, .upstreamTimeout, .keyLookupUnavailable:
            true
        default: false
        }
    }

    func closed() { self.over(again: self.operation.key != nil) }

    func giveUp() {
        guard !self.isOver else { return }
        self.world.note(self.client) { "req \(self.number): gives up" }
        self.connection.close(from: .caller)
        self.over(again: self.operation.key != nil)
    }

    private func over(again: Bool) {
        guard !self.isOver else { return }
        self.isOver = true
        self.connection.close(from: .caller)
        self.done(again)
    }
}
