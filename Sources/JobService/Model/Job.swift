/// A job as the records hold it.
struct Job: Sendable, Hashable {
    var id: JobID
    var tenant: Tenant
    /// The API key it was submitted with, where the edge named one.
    var apiKeyID: String?
    /// Kept as text: a newer service may have written a type that this one does not know.
    var type: String
    var status: JobStatus
    var input: JSONValue
    var output: JSONValue?
    var usage: JSONValue?
    var error: JSONValue?
    var progress: JobProgress?
    /// Rises with every change that a client can see; the id of its events.
    var sequence: Int
    var attempts: Int
    var maxAttempts: Int
    var cancelRequested: Bool
    var times: Times

    /// Microseconds since 1970, UTC.
    struct Times: Sendable, Hashable {
        var runAt: Int64
        var createdAt: Int64
        var startedAt: Int64?
        var finishedAt: Int64?
    }
}
