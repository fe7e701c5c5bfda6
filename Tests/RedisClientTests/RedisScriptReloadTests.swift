import NIOCore
import TestKit
import Testing

@testable import RedisClient

@Suite struct RedisScriptReloadTests {
    private let add = RedisScript(
        name: "add", source: "return redis.call('INCRBY', KEYS[1], ARGV[1])")
    private let echo = RedisScript(name: "echo", source: "return ARGV[1]")

    @Test func `TB-12 SCRIPT FLUSH mid-traffic: no error surfaces, and every call is executed once`() async throws {
        let server = try await TestRedis.start()
        let (add, echo) = (self.add, self.echo)
        let flusher = try await server.connect()
        try await LoopBench.with(server.configuration(), scripts: [add, echo]) { bench in
            let hearing = Hearing()
            let turns = TestEffort.cases(200, full: 4_000)
            for turn in 0..<turns {
                try await bench.onLoop { link in
                    for index in 0..<20 {
                        let (script, argument) = index % 2 == 0 ? (add, "1") : (echo, "\(turn)")
                        RecordingWaiter(index, hearing, ["EVALSHA", script.sha1, "1", "sum", argument]).send(on: link)
                    }
                }
                if turn % 3 == 0 { try await flusher.command("SCRIPT", "FLUSH") }
            }
            try await hearing.wait(for: turns * 20)
            #expect(hearing.failures == [])
            #expect(try await flusher.command("GET", "sum").integer == Int64(turns * 10))
            let counters = try await bench.counters()
            #expect(counters.scriptReloads > 0)
            #expect(counters.resends >= counters.scriptReloads)
            #expect(counters.serverErrors == 0)
        }
        await flusher.close()
    }

    @Test func `one flush reloads once for all the calls under way`() async throws {
        let server = try await TestRedis.start()
        let echo = self.echo
        try await LoopBench.with(server.configuration(), scripts: [echo]) { bench in
            try await server.command("SCRIPT", "FLUSH")
            let hearing = Hearing()
            try await bench.onLoop { link in
                for tag in 0..<100 {
                    RecordingWaiter(tag, hearing, ["EVALSHA", echo.sha1, "0", "\(tag)"]).send(on: link)
                }
            }
            try await hearing.wait(for: 100)
            #expect(hearing.values == (0..<100).map { .string(Array("\($0)".utf8)) })
            let counters = try await bench.counters()
            #expect(counters.scriptReloads == 1)
            #expect(counters.resends == 100)
        }
    }

    @Test func `a call of a script that is not registered surfaces NOSCRIPT, in bounded time`() async throws {
        let server = try await TestRedis.start()
        let unknown = RedisScript(name: "unknown", source: "return 'nobody loaded me'")
        try await LoopBench.with(server.configuration(), scripts: [self.echo]) { bench in
            guard case .failure(_, .serverError(let error)) = try await bench.ask("EVALSHA", unknown.sha1, "0") else {
                Issue.record("no error")
                return
            }
            #expect(error.code == "NOSCRIPT")
            #expect(try await bench.ask("PING") == .reply(tag: 0, .status("PONG")))
        }
    }

    @Test func `a waiter that cannot send again gets the error, and the scripts are back`() async throws {
        let server = try await TestRedis.start()
        let echo = self.echo
        try await LoopBench.with(server.configuration(), scripts: [echo]) { bench in
            try await server.command("SCRIPT", "FLUSH")
            let failures = Recorded<RedisFailure>()
            try await bench.onLoop { link in
                let waiter = OnceWaiter(failures)
                #expect(link.send(waiter, encoded: RecordingWaiter.encoded(["EVALSHA", echo.sha1, "0", "x"])) == nil)
            }
            try await eventually("the failure") { failures.all.count == 1 }
            #expect(try await bench.ask("EVALSHA", echo.sha1, "0", "x") == .reply(tag: 0, .string([120])))
            #expect(try await bench.counters().scriptReloads == 1)
        }
    }

    /// Writes half a command and then gives up: nothing of it may reach the server.
    private final class OnceWaiter: RedisWaiter {
        private let failures: Recorded<RedisFailure>

        init(_ failures: Recorded<RedisFailure>) {
            self.failures = failures
        }

        override func redisFailed(_ failure: RedisFailure) {
            self.failures.add(failure)
        }

        override func redisResend(into output: inout ByteBuffer) -> Bool {
            output.writeString("*3\r\n$7\r\n")
            return false
        }
    }
}
