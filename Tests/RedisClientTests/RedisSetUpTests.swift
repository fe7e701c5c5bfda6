import TestKit
import Testing

@testable import RedisClient

@Suite struct RedisSetUpTests {
    @Test func `password, ACL user, database and name are set before the first command`() async throws {
        var options = TestRedis.Options()
        options.password = "the password of default"
        let server = try await TestRedis.start(options)
        try await server.command(
            "ACL", "SETUSER", "edge", "on", ">s3cret", "~*", "+ping", "+set", "+info", "+select", "+client",
            "+script|load", "+evalsha")
        var configuration = server.configuration()
        (configuration.username, configuration.password) = ("edge", "s3cret")
        (configuration.database, configuration.clientName) = (3, "edge-1")
        try await LoopBench.with(configuration, scripts: [RedisScript(name: "one", source: "return 1")]) { bench in
            #expect(try await bench.ask("SET", "where", "here") == .reply(tag: 0, .status("OK")))
            guard case .reply(_, let info) = try await bench.ask("CLIENT", "INFO") else {
                Issue.record("CLIENT INFO failed")
                return
            }
            let text = info.text ?? ""
            #expect(text.contains("user=edge") && text.contains("db=3") && text.contains("name=edge-1"), "\(text)")
            guard case .failure(_, .serverError(let error)) = try await bench.ask("FLUSHALL") else {
                Issue.record("the ACL was not in force")
                return
            }
            #expect(error.code == "NOPERM")
        }
        let other = try await server.connect()
        #expect(try await other.command("GET", "where").isNull)
        await other.close()
    }

    @Test func `a wrong password is told in words, and tried again`() async throws {
        var options = TestRedis.Options()
        options.password = "right"
        let server = try await TestRedis.start(options)
        var configuration = server.configuration()
        configuration.password = "wrong"
        let bench = try await LoopBench(configuration)
        try await eventually("two attempts") { try await bench.counters().connectAttempts >= 2 }
        let reason = try await bench.onLoop { $0.lastFailure } ?? ""
        #expect(reason.contains("WRONGPASS") && reason.contains("default"), "\(reason)")
        #expect(!reason.contains("wrong\""))
        #expect(try await bench.ask("PING") == .failure(tag: 0, .notConnected))
        try await server.command("CONFIG", "SET", "requirepass", "wrong")
        try await bench.waitUntilReady()
        try await bench.close()
    }

    @Test(arguments: [
        ("a script that does not compile", "SCRIPT", 0), ("a database that does not exist", "database 99", 99),
    ])
    func `a set-up that Redis refuses says what to mend`(what: String, expected: String, database: Int) async throws {
        let server = try await TestRedis.shared()
        var configuration = server.configuration()
        configuration.database = database
        let source = database == 0 ? "this is not Lua" : "return 1"
        let bench = try await LoopBench(configuration, scripts: [RedisScript(name: "s", source: source)])
        try await eventually("a reason") { try await bench.onLoop { $0.lastFailure } != nil }
        let reason = try await bench.onLoop { $0.lastFailure } ?? ""
        #expect(reason.contains(database == 0 ? "script 's'" : expected), "\(what): \(reason)")
        let connects = try await bench.counters().connects
        #expect(connects == 0)
        try await bench.close()
    }

    @Test func `TCP works like the unix socket`() async throws {
        var options = TestRedis.Options()
        options.isOnTCP = true
        let server = try await TestRedis.start(options)
        let configuration = try #require(server.configurationOnTCP())
        try await LoopBench.with(configuration) { bench in
            let answer = try await bench.ask("PING")
            #expect(answer == .reply(tag: 0, .status("PONG")))
        }
    }

    @Test func `a host name with several addresses is one connection`() async throws {
        var options = TestRedis.Options()
        options.isOnTCP = true
        let server = try await TestRedis.start(options)
        var configuration = server.configuration()
        // Nobody listens on ::1, which resolvers prefer; 127.0.0.1 answers.
        configuration.endpoint = .tcp(host: "localhost", port: try #require(server.port))
        try await LoopBench.with(configuration) { bench in
            let answer = try await bench.ask("PING")
            #expect(answer == .reply(tag: 0, .status("PONG")))
            let counters = try await bench.counters()
            #expect(counters.connects == 1)
        }
    }

    @Test func `no number in a configuration makes a link trap`() async throws {
        let server = try await TestRedis.shared()
        for number in [Int.min, -1, 0, Int.max] {
            var configuration = RedisConfiguration(endpoint: .unix(path: server.socketPath))
            (configuration.connectTimeoutMs, configuration.commandDeadlineMs) = (number, number)
            (configuration.stallTimeoutMs, configuration.pendingCommandsMax) = (number, number)
            (configuration.outputBytesMax, configuration.replyBytesMax) = (number, number)
            (configuration.reconnectDelayMinMs, configuration.reconnectDelayMaxMs) = (number, number)
            let bench = try await LoopBench(configuration)
            let hearing = Hearing()
            try await bench.send(1, hearing, ["PING"])
            try await eventually("an attempt") { try await bench.counters().connectAttempts >= 1 }
            try await bench.close()
            try await hearing.wait(for: 1)
        }
    }

    @Test func `nobody listens: the reason names the socket's state, and starting the server is enough`() async throws {
        let server = try await TestRedis.start()
        try await server.stop()
        let bench = try await LoopBench(server.configuration())
        try await eventually("a few attempts") { try await bench.counters().connectAttempts >= 3 }
        let reason = try await bench.onLoop { $0.lastFailure } ?? ""
        #expect(reason.contains("No such file") || reason.contains("refused"), "\(reason)")
        try await server.restart()
        try await bench.waitUntilReady()
        try await bench.close()
    }

    @Test func `with an append-only file a killed server keeps what it acknowledged`() async throws {
        var options = TestRedis.Options()
        options.isAppendOnly = true
        let server = try await TestRedis.start(options)
        try await server.command("SET", "kept", "yes")
        try await server.kill()
        try await server.restart()
        let kept = try await server.command("GET", "kept")
        #expect(kept.text == "yes")
    }
}
