/// What a connection remembers of the statement under way.
final class Flight {
    let operation: PostgresOperation
    let query: String
    /// Why we asked the server to end it, once we did.
    var endReason: PostgresError.Source?
    var cancelRequest: CancelRequest?
    var graceEnds: ContinuousClock.Instant?

    init(_ operation: PostgresOperation, query: String) {
        self.operation = operation
        self.query = query
    }

    /// Until when to sleep: the deadline first, the grace once the end was asked for.
    var nextDeadline: ContinuousClock.Instant? { self.endReason == nil ? self.operation.deadline : self.graceEnds }

    /// The error of a statement that we ended.
    func ended(_ reason: PostgresError.Source, _ how: String) -> PostgresError {
        let why = reason == .cancelled ? "the task was cancelled" : "the statement took longer than it may"
        var error = PostgresError(reason, "\(why); \(how)")
        error.query = self.query
        return error
    }

    /// The server's error, told as ours where we asked for it.
    func told(_ error: PostgresError) -> PostgresError {
        guard error.sqlState == "57014", let reason = self.endReason else { return error }
        var told = self.ended(reason, "the server ended the statement")
        told.sqlState = error.sqlState
        return told
    }
}
