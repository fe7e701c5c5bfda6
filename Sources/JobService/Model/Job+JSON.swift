extension Job {
    /// How much of a job an answer shows.
    enum View {
        /// Without input and output, which may be large: for lists.
        case summary
        case whole
    }

    /// The job as clients see it. Members that have no value yet are left out.
    func json(_ view: View) -> JSONValue {
        var members: [String: JSONValue] = [
            "id": .string(self.id.text),
            "type": .string(self.type),
            "status": .string(self.status.rawValue),
            "environment": .string(self.tenant.environment),
            "attempts": .integer(self.attempts),
            "max_attempts": .integer(self.maxAttempts),
            "run_at": .string(Timestamp.text(unixMicroseconds: self.times.runAt)),
            "created_at": .string(Timestamp.text(unixMicroseconds: self.times.createdAt)),
        ]
        members["started_at"] = self.times.startedAt.map { .string(Timestamp.text(unixMicroseconds: $0)) }
        members["finished_at"] = self.times.finishedAt.map { .string(Timestamp.text(unixMicroseconds: $0)) }
        members["usage"] = self.usage
        members["error"] = self.error
        members["progress"] = self.progress?.json
        if self.cancelRequested { members["cancel_requested"] = .bool(true) }
        if view == .whole {
            members["input"] = self.input
            members["output"] = self.output
        }
        return .object(members)
    }
}
