public import PostgresClient

/// Everything that the job service is told at its start.
public struct JobServiceConfiguration: Sendable {
    public var listen: ListenAddress
    public var database: PostgresConfiguration
    /// Whether the table of the queue is made if it is missing.
    public var createSchema = false
    public var worker = WorkerSettings()
    /// Base address of a model server with the OpenAI-compatible API; nil refuses jobs of type `http`.
    public var modelURL: String?
    /// Sent to the model server as a bearer token.
    public var modelAPIKey: String?
    /// Between two signs of life on an event stream.
    public var eventHeartbeat = Duration.seconds(15)

    /// The defaults, but for the two things that have none.
    public init(listen: ListenAddress, database: PostgresConfiguration) {
        self.listen = listen
        self.database = database
    }
}
