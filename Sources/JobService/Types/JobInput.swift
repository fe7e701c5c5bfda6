/// The checked input of a job.
enum JobInput: Sendable, Hashable {
    case count(CountInput)
    case hash(HashInput)
    case transform(TransformInput)
    case slow(SlowInput)
    case http(ChatInput)

    /// Largest text that a job takes, in bytes of UTF-8.
    static let textBytesMax = 1 << 20

    /// Reads an input and notes every mistake in it.
    /// - Parameter pointer: where the input stands in the request's body.
    static func read(_ value: JSONValue?, as type: JobType, at pointer: String) -> (JobInput?, [FieldProblem]) {
        var fields = FieldReader(value, at: pointer)
        if !fields.problems.isEmpty { return (nil, fields.problems) }
        let input: JobInput? =
            switch type {
            case .count: CountInput(&fields).map(JobInput.count)
            case .hash: HashInput(&fields).map(JobInput.hash)
            case .transform: TransformInput(&fields).map(JobInput.transform)
            case .slow: SlowInput(&fields).map(JobInput.slow)
            case .http: ChatInput(&fields).map(JobInput.http)
            }
        fields.finish()
        return (fields.problems.isEmpty ? input : nil, fields.problems)
    }

    /// What the job will probably consume. Exact for work on text; for a model it is the prompt alone.
    var estimate: JobUsage {
        switch self {
        case .count(let input): JobUsage(textBytes: input.text.utf8.count)
        case .hash(let input): JobUsage(textBytes: input.text.utf8.count)
        case .transform(let input): JobUsage(textBytes: input.text.utf8.count)
        case .slow(let input): JobUsage(textBytes: input.text.utf8.count)
        case .http(let input): JobUsage(textBytes: input.textBytes)
        }
    }
}
