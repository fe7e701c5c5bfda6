/// Waits for the reply to one command of the set-up.
final class RedisSetUpWaiter: RedisWaiter {
    private let link: RedisLink
    private let step: RedisSetUpStep
    private let generation: UInt64

    init(link: RedisLink, step: RedisSetUpStep, generation: UInt64) {
        self.link = link
        self.step = step
        self.generation = generation
    }

    override func redisReplied(_ reply: borrowing RedisReply) {
        switch self.step.purpose {
        case .authenticate, .select, .setName:
            break
        case .load(let script):
            let isOurs = reply.withBytes { $0.elementsEqual(script.sha1.utf8) }
            if !isOurs { self.fail("SCRIPT LOAD of '\(script.name)' returned another SHA-1 than \(script.sha1)") }
        case .clientID:
            self.link.connectionIDTold(self.generation, reply.integer)
        case .fence:
            self.link.fenced(self.generation)
        case .identify:
            let info = reply.withBytes { String(decoding: $0, as: UTF8.self) }.split(whereSeparator: \.isNewline)
            guard !info.contains("loading:1") else { return self.fail("Redis is still loading its data") }
            let line = info.first { $0.hasPrefix("run_id:") }
            guard let line else { return self.fail("INFO told no run_id") }
            self.link.identified(self.generation, runID: String(line.dropFirst("run_id:".count)))
        }
    }

    override func redisFailed(_ failure: RedisFailure) {
        // Any other failure comes from the end of the connection, which the link knows of.
        guard case .serverError(let error) = failure else { return }
        switch self.step.purpose {
        case .clientID: self.link.cannotFence(error)
        case .fence:
            self.link.cannotFence(error)
            self.link.fenced(self.generation)
        case .authenticate, .select, .setName, .load, .identify: self.fail(self.explanation(of: error))
        }
    }

    private func fail(_ reason: String) {
        self.link.setUpFailed(self.generation, reason)
    }

    private func explanation(of error: RedisServerError) -> String {
        switch self.step.purpose {
        case .authenticate:
            "Redis refused user '\(self.link.configuration.username ?? "default")': \(error); check user name and password"
        case .select:
            "Redis refused database \(self.link.configuration.database): \(error); "
                + "check the number against the server's 'databases', and the user's right to SELECT"
        case .setName:
            "Redis refused CLIENT SETNAME '\(self.link.configuration.clientName)': \(error); "
                + "use a name without spaces, and grant the user +client|setname"
        case .load(let script):
            "Redis did not load script '\(script.name)': \(error)"
        case .clientID, .fence:
            "Redis refused CLIENT ID or KILL: \(error)"
        case .identify:
            "Redis refused INFO: \(error); grant the user +info, so that a restart can be noticed"
        }
    }
}
