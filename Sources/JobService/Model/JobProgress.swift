/// How far a running job has come.
struct JobProgress: Sendable, Hashable {
    var done: Int
    var total: Int
    /// What is being done, for people.
    var message: String?

    init(done: Int, total: Int, message: String? = nil) {
        self.done = done
        self.total = total
        self.message = message
    }

    /// Reads what the records hold; nil before the first report.
    init?(json: JSONValue?) {
        guard let done = json?["done"]?.integer, let total = json?["total"]?.integer else { return nil }
        self.init(done: done, total: total, message: json?["message"]?.string)
    }

    var json: JSONValue {
        var members: [String: JSONValue] = ["done": .integer(self.done), "total": .integer(self.total)]
        if let message { members["message"] = .string(message) }
        return .object(members)
    }
}
