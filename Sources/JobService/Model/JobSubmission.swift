/// A checked `POST /v1/jobs`.
struct JobSubmission: Sendable, Hashable {
    var type: JobType
    /// As the client sent it: it is stored and shown unchanged.
    var rawInput: JSONValue
    var input: JobInput
    var maxAttempts: Int
    /// Microseconds since 1970; nil is at once.
    var runAt: Int64?

    static let attemptsMax = 20
    static let delayDaysMax: Int64 = 30

    /// Reads a body and notes every mistake in it.
    /// - Parameter types: those that this service does now.
    static func read(
        _ body: JSONValue, types: [JobType], nowUnixMicroseconds now: Int64
    ) -> (JobSubmission?, [FieldProblem]) {
        var fields = FieldReader(body, at: "")
        if !fields.problems.isEmpty { return (nil, fields.problems) }
        let typeName = fields.string("type", bytesMax: 100)
        let rawInput = fields.value("input")
        let maxAttempts = fields.integer("max_attempts", in: 1...self.attemptsMax)
        let runAt = self.runAt(&fields, now: now)
        fields.finish()

        guard let typeName else { return (nil, fields.problems) }
        guard let type = JobType(rawValue: typeName), types.contains(type) else {
            let known = types.map(\.rawValue).joined(separator: ", ")
            let hint = typeName == JobType.http.rawValue ? " (no model server is configured here)" : ""
            fields.refuse("type", "not done here\(hint); expected one of: \(known)")
            return (nil, fields.problems)
        }
        let (input, inputProblems) = JobInput.read(rawInput, as: type, at: "/input")
        fields.add(inputProblems)
        guard fields.problems.isEmpty, let input, let rawInput else { return (nil, fields.problems) }
        let submission = JobSubmission(
            type: type, rawInput: rawInput, input: input, maxAttempts: maxAttempts ?? 3, runAt: runAt)
        return (submission, [])
    }

    private static func runAt(_ fields: inout FieldReader, now: Int64) -> Int64? {
        guard let text = fields.string("run_at", bytesMax: 40, required: false) else { return nil }
        guard let time = Timestamp.unixMicroseconds(text) else {
            fields.refuse("run_at", "expected an RFC 3339 time with an offset, like 2026-01-02T03:04:05Z")
            return nil
        }
        guard time <= now + self.delayDaysMax * 86_400_000_000 else {
            fields.refuse("run_at", "at most \(self.delayDaysMax) days ahead")
            return nil
        }
        return time
    }
}
