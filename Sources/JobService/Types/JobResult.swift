/// What a job that succeeded gives back.
struct JobResult: Sendable, Hashable {
    var output: JSONValue
    var usage: JobUsage
}
