import NIOCore
import TestKit
import Testing

@testable import RedisClient

@Suite struct RedisLinkChaosTests {
    @Test func `whatever happens to the server, every command is answered once, and never with another's reply`()
        async throws
    {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SplitMix64(seed: seed)
        let server = try await TestRedis.start()
        let echo = RedisScript(name: "echo", source: "return ARGV[1]")
        var configuration = server.configuration(commandDeadlineMs: 20)
        (configuration.stallTimeoutMs, configuration.connectTimeoutMs) = (60, 60)
        configuration.pendingCommandsMax = 200
        let bench = try await LoopBench(configuration, scripts: [echo])
        let hearing = Hearing()
        var sent = 0
        for _ in 0..<TestEffort.cases(120, full: 3_000) {
            let (first, count) = (sent, Int.random(in: 1...50, using: &random))
            try await bench.onLoop { link in
                for tag in first..<(first + count) {
                    let command = tag % 2 == 0 ? ["ECHO", "\(tag)"] : ["EVALSHA", echo.sha1, "0", "\(tag)"]
                    RecordingWaiter(tag, hearing, command).send(on: link)
                }
            }
            sent += count
            try await self.disturb(server, &random)
        }
        server.resume()
        try await hearing.wait(for: sent)
        try await bench.waitUntilReady()
        let tags = hearing.events.map { event in
            switch event {
            case .reply(let tag, let value):
                #expect(value.text == "\(tag)", "seed \(seed)")
                return tag
            case .failure(let tag, let failure):
                let isExpected =
                    [.notConnected, .queueFull, .deadlineExceeded, .connectionLost].contains(failure)
                #expect(isExpected, "seed \(seed): \(failure)")
                return tag
            }
        }
        #expect(tags.sorted() == Array(0..<sent), "seed \(seed)")
        #expect(!hearing.values.isEmpty, "seed \(seed)")
        try await bench.close()
    }

    private func disturb(_ server: TestRedis, _ random: inout SplitMix64) async throws {
        switch Int.random(in: 0..<24, using: &random) {
        case 0: try await server.restart()
        case 1, 2: try await server.pause()
        case 3...8: server.resume()
        case 9...11:
            server.resume()
            try await server.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        case 12...14:
            server.resume()
            try await server.command("SCRIPT", "FLUSH")
        default: break
        }
    }
}
