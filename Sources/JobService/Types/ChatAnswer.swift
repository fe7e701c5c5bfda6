/// What a model server says to one chat completion request, judged.
enum ChatAnswer {
    /// Turns an HTTP answer into a result, or into the failure that the client will see.
    static func judge(status: Int, retryAfter: String?, body: [UInt8]) throws(JobFailure) -> JobResult {
        switch status {
        case 200..<300: return try self.result(body)
        case 408, 409, 425, 429, 500...:
            let seconds = retryAfter.flatMap { Int($0) }
            throw JobFailure(
                code: status == 429 ? "model-overloaded" : "model-unavailable",
                message: "The model server answered \(status)\(self.reason(body)).", mayRetry: true,
                retryAfter: seconds.map { .seconds(max(0, $0)) })
        default:
            throw JobFailure(
                code: "model-refused", message: "The model server answered \(status)\(self.reason(body)).",
                mayRetry: false)
        }
    }

    private static func result(_ body: [UInt8]) throws(JobFailure) -> JobResult {
        guard let json = try? JSONValue(parsing: body), case .array(let choices)? = json["choices"],
            let choice = choices.first, let text = choice["message"]?["content"]?.string
        else {
            throw JobFailure(
                code: "model-answer-unreadable",
                message: "The model server's answer holds no `choices[0].message.content`.", mayRetry: true)
        }
        var output: [String: JSONValue] = ["text": .string(text)]
        output["model"] = json["model"]
        output["finish_reason"] = choice["finish_reason"]
        return JobResult(output: .object(output), usage: self.usage(json["usage"], text: text))
    }

    /// Tokens as counted by the server; where it counts none, units by the size of its answer.
    private static func usage(_ usage: JSONValue?, text: String) -> JobUsage {
        guard let prompt = usage?["prompt_tokens"]?.integer else { return JobUsage(textBytes: text.utf8.count) }
        return JobUsage(
            promptTokens: prompt, completionTokens: usage?["completion_tokens"]?.integer ?? 0)
    }

    /// The server's own words, shortened.
    private static func reason(_ body: [UInt8]) -> String {
        guard let json = try? JSONValue(parsing: body), let message = json["error"]?["message"]?.string else {
            return ""
        }
        return ": " + message.prefix(300)
    }
}
