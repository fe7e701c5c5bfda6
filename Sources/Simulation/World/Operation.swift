import Domain

/// What a client wants done once: the first request for it and every repetition.
final class Operation {
    let number: Int
    let principal: Int
    let route: Scenario.RouteKind
    /// The value of Idempotency-Key.
    let key: String?
    /// GET or the like: may be sent again where nothing has been executed for certain.
    let isIdempotentMethod: Bool
    /// What the answer says it cost.
    let tokens: Int
    let chunks: Int

    /// What may be executed once.
    var name: String { self.key.map { "\(self.route) \($0)" } ?? "op \(self.number)" }

    init(
        number: Int, principal: Int, route: Scenario.RouteKind, key: String?, isIdempotentMethod: Bool, tokens: Int,
        chunks: Int
    ) {
        self.number = number
        self.principal = principal
        self.route = route
        self.key = key
        self.isIdempotentMethod = isIdempotentMethod
        self.tokens = tokens
        self.chunks = chunks
    }
}

/// One request: an operation sent once, to one gateway.
final class Attempt {
    let number: Int
    let operation: Operation
    let connection: Connection
    /// Hears the answer.
    let hears: (ClientMessage) -> Void

    init(number: Int, operation: Operation, connection: Connection, hears: @escaping (ClientMessage) -> Void) {
        self.number = number
        self.operation = operation
        self.connection = connection
        self.hears = hears
    }
}

/// What a client reads.
enum ClientMessage {
    /// The beginning of an upstream's answer. `execution` stands for its content.
    case head(status: Int, execution: Int, isReplay: Bool)
    case chunk
    case end
    /// The gateway's own answer.
    case problem(ProblemCode)
}
