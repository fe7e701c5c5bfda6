import RedisClient
import TestKit
import Testing

@Suite struct RedisConnectionTests {
    @Test func `commands, pipelines and transactions`() async throws {
        let server = try await TestRedis.start()
        let redis = try await server.connect()
        #expect(try await redis.command("SET", "a", 41) == .status("OK"))
        #expect(try await redis.command(["INCR", "a"]) == .integer(42))
        #expect(try await redis.command("GET", "a").integer == 42)
        #expect(try await redis.command("GET", "absent").isNull)
        #expect(try await redis.command("SET", "b", .bytes([0, 13, 10, 255])).text == "OK")
        #expect(try await redis.command("GET", "b") == .string([0, 13, 10, 255]))

        let values = try await redis.pipeline([["INCR", "a"], ["LPUSH", "a", "x"], ["MGET", "a", "absent"]])
        #expect(values[0] == .integer(43))
        guard case .error(let error) = values[1] else {
            Issue.record("\(values)")
            return
        }
        #expect(error.code == "WRONGTYPE")
        #expect(values[2] == .array([.string(Array("43".utf8)), .null]))
        #expect(try await redis.pipeline([]) == [])

        #expect(try await redis.transaction([["INCR", "a"], ["LLEN", "l"]]) == [.integer(44), .integer(0)])
        await #expect(throws: RedisFailure.self) { try await redis.transaction([["INCR", "a"], ["NOSUCH"]]) }
        #expect(try await redis.command("GET", "a").integer == 44)
        await redis.close()
    }

    @Test func `ten thousand commands in one pipeline`() async throws {
        let server = try await TestRedis.shared()
        let redis = try await server.connect()
        let values = try await redis.pipeline((0..<10_000).map { ["ECHO", .integer($0)] })
        #expect(values.map(\.integer) == (0..<10_000).map { Int64($0) })
        await redis.close()
    }

    @Test func `an error reply is thrown with its code`() async throws {
        let server = try await TestRedis.shared()
        let redis = try await server.connect()
        do {
            try await redis.command("NOSUCHCOMMAND")
            Issue.record("no error")
        } catch RedisFailure.serverError(let error) {
            #expect(error.message.contains("unknown command"))
        }
        await #expect(throws: RedisFailure.nothingEncoded) { try await redis.command([]) }
        await redis.close()
        await #expect(throws: RedisFailure.notConnected) { try await redis.command("PING") }
    }

    @Test func `a script is loaded when first called, and again after SCRIPT FLUSH`() async throws {
        let server = try await TestRedis.start()
        let redis = try await server.connect()
        let script = RedisScript(name: "sum", source: "return {KEYS[1], ARGV[1] + ARGV[2]}")
        let expected = RedisValue.array([.string([107]), .integer(5)])
        #expect(try await redis.eval(script, keys: ["k"], arguments: [2, 3]) == expected)
        try await redis.command("SCRIPT", "FLUSH")
        #expect(try await redis.eval(script, keys: ["k"], arguments: [2, 3]) == expected)
        await redis.close()
    }

    @Test func `commands of many tasks share one connection`() async throws {
        let server = try await TestRedis.shared()
        let redis = try await server.connect()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<50 {
                group.addTask {
                    for step in 0..<20 {
                        let text = "\(task).\(step)"
                        let echoed = try await redis.command("ECHO", .text(text)).text
                        #expect(echoed == text)
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(await redis.counters.connects == 1)
        await redis.close()
    }

    @Test func `connect says why it could not`() async throws {
        let server = try await TestRedis.start()
        try await server.stop()
        var configuration = server.configuration()
        configuration.connectTimeoutMs = 100
        do {
            _ = try await RedisConnection.connect(configuration)
            Issue.record("connected to a server that does not run")
        } catch let error as RedisConnectError {
            #expect("\(error)".contains("\(configuration.endpoint)"))
            #expect(error.reason.contains("No such file") || error.reason.contains("refused"), "\(error.reason)")
        }
    }
}
