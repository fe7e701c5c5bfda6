/// What `/readyz` answers: ready unless a check fails, with every check's finding and how to mend it.
public struct ReadinessReport: Sendable, Equatable {
    public var checks: [HealthCheck]

    public init(checks: [HealthCheck]) {
        self.checks = checks
    }

    public var isReady: Bool { !self.checks.contains { $0.state == .failing } }

    /// `ok`, `degraded` or `failing`: the worst of the checks.
    public var state: HealthCheck.State {
        if !self.isReady { return .failing }
        return self.checks.contains { $0.state == .degraded } ? .degraded : .ok
    }

    /// 200 when ready, 503 when not.
    public var httpStatus: Int { self.isReady ? 200 : 503 }

    /// The JSON document, indented for people.
    public var json: String {
        let checks = self.checks.map { check in
            var members = [
                "\"name\": \(JSONText.quoted(check.name))", "\"status\": \(JSONText.quoted(check.state.rawValue))",
                "\"detail\": \(JSONText.quoted(check.detail))",
            ]
            if !check.remedy.isEmpty { members.append("\"remedy\": \(JSONText.quoted(check.remedy))") }
            return "    {\(members.joined(separator: ", "))}"
        }
        let list = checks.isEmpty ? "[]" : "[\n\(checks.joined(separator: ",\n"))\n  ]"
        return "{\n  \"status\": \(JSONText.quoted(self.state.rawValue)),\n  \"checks\": \(list)\n}\n"
    }
}
