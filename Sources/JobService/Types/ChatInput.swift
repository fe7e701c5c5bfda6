/// `{"model": …, "prompt": …}` or `{"model": …, "messages": [{"role": …, "content": …}]}`, with `max_tokens` and
/// `temperature` if wanted.
struct ChatInput: Sendable, Hashable {
    struct Message: Sendable, Hashable {
        var role: String
        var content: String
    }

    static let roles = ["system", "developer", "user", "assistant"]

    var model: String
    var messages: [Message]
    var maxTokens: Int?
    var temperature: Double?

    init(model: String, messages: [Message], maxTokens: Int? = nil, temperature: Double? = nil) {
        self.model = model
        self.messages = messages
        self.maxTokens = maxTokens
        self.temperature = temperature
    }

    init?(_ fields: inout FieldReader) {
        let model = fields.string("model", bytesMax: 200)
        let prompt = fields.string("prompt", bytesMax: JobInput.textBytesMax, required: false)
        let messages = fields.value("messages").flatMap { Self.messages($0, &fields) }
        let maxTokens = fields.integer("max_tokens", in: 1...1_000_000)
        let temperature = fields.number("temperature", in: 0...2)
        if fields.has("prompt") == fields.has("messages") {
            fields.refuse(nil, "expected either `prompt` or `messages`")
        }
        guard let model, let messages = messages ?? prompt.map({ [Message(role: "user", content: $0)] }) else {
            return nil
        }
        self.init(model: model, messages: messages, maxTokens: maxTokens, temperature: temperature)
    }

    private static func messages(_ value: JSONValue, _ fields: inout FieldReader) -> [Message]? {
        guard case .array(let items) = value, (1...256).contains(items.count) else {
            fields.refuse("messages", "expected a list of 1 to 256 messages")
            return nil
        }
        var messages: [Message] = []
        for (index, item) in items.enumerated() {
            var inner = FieldReader(item, at: "/input/messages/\(index)")
            let role = inner.string("role", bytesMax: 20)
            let content = inner.string("content", bytesMax: JobInput.textBytesMax)
            if let role, !Self.roles.contains(role) {
                inner.refuse("role", "expected one of: \(Self.roles.joined(separator: ", "))")
            }
            if inner.problems.isEmpty { inner.finish() }
            fields.add(inner.problems)
            if let role, let content { messages.append(Message(role: role, content: content)) }
        }
        return messages.count == items.count ? messages : nil
    }

    /// Bytes of all messages.
    var textBytes: Int { self.messages.reduce(0) { $0 + $1.content.utf8.count } }

    /// The body of `POST /chat/completions`.
    var requestBody: JSONValue {
        var members: [String: JSONValue] = [
            "model": .string(self.model),
            "messages": .array(self.messages.map { ["role": .string($0.role), "content": .string($0.content)] }),
        ]
        if let maxTokens { members["max_tokens"] = .integer(maxTokens) }
        if let temperature { members["temperature"] = .number(temperature) }
        return .object(members)
    }
}
