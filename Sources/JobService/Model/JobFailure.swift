/// Why an attempt at a job failed, for the client and for the queue.
struct JobFailure: Error, Sendable, Hashable {
    /// Stable, for programs.
    let code: String
    /// What happened and what may help, for people. Never holds keys or addresses of servers.
    let message: String
    /// Whether another attempt may do better.
    var mayRetry: Bool
    /// The earliest time that makes sense for another attempt, counted from now.
    var retryAfter: Duration?

    init(code: String, message: String, mayRetry: Bool, retryAfter: Duration? = nil) {
        self.code = code
        self.message = message
        self.mayRetry = mayRetry
        self.retryAfter = retryAfter
    }

    var json: JSONValue { ["code": .string(self.code), "message": .string(self.message)] }
}
