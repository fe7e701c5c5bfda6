import NIOCore
import NIOPosix
import TestKit
import Testing

@testable import RedisClient

@Suite struct RedisLinkTests {
    @Test func `ten thousand commands on several loops keep their order`() async throws {
        let server = try await TestRedis.shared()
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 3)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for _ in 0..<3 {
                let loop = group.next()
                tasks.addTask {
                    let bench = try await LoopBench(server.configuration(), loop: loop)
                    try await bench.waitUntilReady()
                    let hearing = Hearing()
                    for turn in 0..<100 {
                        try await bench.onLoop { link in
                            for index in 0..<100 {
                                let tag = turn * 100 + index
                                RecordingWaiter(tag, hearing, ["ECHO", "\(tag)"]).send(on: link)
                            }
                        }
                    }
                    try await hearing.wait(for: 10_000)
                    let expected = (0..<10_000).map { Hearing.Event.reply(tag: $0, .string(Array("\($0)".utf8))) }
                    #expect(hearing.events == expected)
                    try await bench.close()
                }
            }
            try await tasks.waitForAll()
        }
        try await group.shutdownGracefully()
    }

    @Test func `the commands of one loop turn leave in one write`() async throws {
        let server = try await TestRedis.shared()
        try await LoopBench.with(server.configuration()) { bench in
            let hearing = Hearing()
            let before = try await bench.counters()
            for turn in 1...20 {
                try await bench.onLoop { link in
                    for index in 0..<64 { RecordingWaiter(index, hearing, ["PING"]).send(on: link) }
                }
                try await hearing.wait(for: turn * 64)
            }
            let after = try await bench.counters()
            #expect(after.flushes - before.flushes == 20)
            #expect(after.commands - before.commands == 20 * 64)
            #expect(after.replies - before.replies == 20 * 64)
        }
    }

    @Test func `the output's memory is used again from write to write`() async throws {
        let server = try await TestRedis.shared()
        try await LoopBench.with(server.configuration()) { bench in
            let hearing = Hearing()
            var addresses: Set<UInt> = []
            for turn in 1...50 {
                let address = try await bench.onLoop { link in
                    for index in 0..<10 { RecordingWaiter(index, hearing, ["PING"]).send(on: link) }
                    return link.output.withVeryUnsafeBytes { UInt(bitPattern: $0.baseAddress) }
                }
                addresses.insert(address)
                try await hearing.wait(for: turn * 10)
            }
            #expect(addresses.count == 1)
        }
    }

    @Test func `a server error reaches its own waiter only`() async throws {
        let server = try await TestRedis.shared()
        try await LoopBench.with(server.configuration()) { bench in
            let hearing = Hearing()
            try await bench.onLoop { link in
                RecordingWaiter(1, hearing, ["ECHO", "a"]).send(on: link)
                RecordingWaiter(2, hearing, ["NOSUCHCOMMAND"]).send(on: link)
                RecordingWaiter(3, hearing, ["ECHO", "b"]).send(on: link)
            }
            try await hearing.wait(for: 3)
            #expect(hearing.values == [.string([97]), .string([98])])
            guard case .serverError(let error)? = hearing.failures.first else {
                Issue.record("\(hearing.events)")
                return
            }
            #expect(error.code == "ERR")
            #expect(error.message.contains("unknown command"))
        }
    }

    @Test func `replies of a mebibyte and of ten thousand elements arrive whole`() async throws {
        let server = try await TestRedis.shared()
        try await LoopBench.with(server.configuration()) { bench in
            let text = String(repeating: "0123456789abcdef", count: 65_536)
            #expect(try await bench.ask("SET", "large:value", text) == .reply(tag: 0, .status("OK")))
            let hearing = Hearing()
            try await bench.onLoop { link in
                for tag in 0..<5 { RecordingWaiter(tag, hearing, ["GET", "large:value"]).send(on: link) }
            }
            try await hearing.wait(for: 5)
            #expect(hearing.values == Array(repeating: .string(Array(text.utf8)), count: 5))
            let source = "local t = {} for i = 1, 10000 do t[i] = i end return t"
            let array = try await bench.ask("EVAL", source, "0")
            #expect(array == .reply(tag: 0, .array((1...10_000).map { .integer($0) })))
            let output = try await bench.onLoop { $0.output.capacity }
            #expect(output <= RedisLink.outputBytesKept)
        }
    }

    @Test func `beyond the bound of pending commands a command is refused, and the rest is answered`() async throws {
        let server = try await TestRedis.shared()
        var configuration = server.configuration()
        configuration.pendingCommandsMax = 100
        try await LoopBench.with(configuration) { bench in
            let hearing = Hearing()
            try await bench.onLoop { link in
                for tag in 0..<150 { RecordingWaiter(tag, hearing, ["PING"]).send(on: link) }
                #expect(link.pendingCount == 100)
            }
            try await hearing.wait(for: 150)
            #expect(hearing.failures == Array(repeating: .queueFull, count: 50))
            #expect(hearing.values.count == 100)
            #expect(try await bench.counters().refusedQueueFull == 50)
            #expect(try await bench.ask("PING") == .reply(tag: 0, .status("PONG")))
        }
    }

    @Test func `bytes waiting for the socket are bounded`() async throws {
        let server = try await TestRedis.start()
        var configuration = server.configuration(commandDeadlineMs: 60_000)
        configuration.outputBytesMax = 1 << 20
        try await LoopBench.with(configuration) { bench in
            try await server.pause()
            let hearing = Hearing()
            let value = String(repeating: "x", count: 100_000)
            // One a turn, so that the socket takes what it can in between; it cannot take 20 MB.
            for _ in 0..<200 where hearing.failures.isEmpty {
                try await bench.onLoop { RecordingWaiter(1, hearing, ["SET", "k", value]).send(on: $0) }
            }
            #expect(hearing.failures == [.queueFull])
            let waiting = try await bench.onLoop { $0.output.readableBytes }
            #expect(waiting < (1 << 20) + 200_000)
            let accepted = try await bench.onLoop { $0.pendingCount }
            server.resume()
            try await hearing.wait(for: accepted + 1)
            #expect(hearing.values.count == accepted)
            #expect(hearing.values.allSatisfy { $0 == .status("OK") })
        }
    }

    @Test func `an encoder that writes nothing is refused, and does not shift the replies`() async throws {
        let server = try await TestRedis.shared()
        try await LoopBench.with(server.configuration()) { bench in
            let hearing = Hearing()
            try await bench.onLoop { link in
                #expect(link.send(RedisWaiter()) { _ in } == .nothingEncoded)
                RecordingWaiter(1, hearing, ["ECHO", "mine"]).send(on: link)
            }
            try await hearing.wait(for: 1)
            #expect(hearing.events == [.reply(tag: 1, .string(Array("mine".utf8)))])
        }
    }

    @Test func `a closed link refuses, and what was pending fails`() async throws {
        let server = try await TestRedis.shared()
        let bench = try await LoopBench(server.configuration())
        try await bench.waitUntilReady()
        let hearing = Hearing()
        try await bench.onLoop { link in
            RecordingWaiter(1, hearing, ["PING"]).send(on: link)
            link.close()
            RecordingWaiter(2, hearing, ["PING"]).send(on: link)
            #expect(link.state == .closed)
        }
        #expect(hearing.events == [.failure(tag: 1, .connectionLost), .failure(tag: 2, .notConnected)])
        try await bench.close()
    }

    @Test func `a closed link is freed`() async throws {
        let server = try await TestRedis.shared()
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let observed = NIOLoopBoundBox<WeakLink?>.makeEmptyBox(valueType: WeakLink.self, eventLoop: loop)
        try await loop.submit {
            let link = RedisLink(eventLoop: loop, configuration: server.configuration())
            observed.value = WeakLink(link)
            link.onStateChange = { [weak link] state in if state == .ready { link?.close() } }
            link.start()
        }.get()
        try await eventually("the link's end") { try await loop.submit { observed.value?.link == nil }.get() }
    }

    private struct WeakLink {
        weak var link: RedisLink?
        init(_ link: RedisLink) { self.link = link }
    }
}
