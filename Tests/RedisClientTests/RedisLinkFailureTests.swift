import NIOCore
import NIOPosix
import TestKit
import Testing

@testable import RedisClient

/// What happens when Redis stops, dies, or lies. Every test has a server of its own.
@Suite struct RedisLinkFailureTests {
    @Test func `deadlines fail commands of a stopped server, and after SIGCONT all is well without a hand`()
        async throws
    {
        let server = try await TestRedis.start()
        try await LoopBench.with(server.configuration(commandDeadlineMs: 50)) { bench in
            try await server.pause()
            let hearing = Hearing()
            try await bench.onLoop { link in
                for tag in 0..<100 { RecordingWaiter(tag, hearing, ["INCR", "counter"]).send(on: link) }
            }
            try await hearing.wait(for: 100)
            #expect(hearing.events == (0..<100).map { .failure(tag: $0, .deadlineExceeded) })
            #expect(try await bench.onLoop { $0.pendingCount } == 100)

            server.resume()
            try await eventually("the late replies") { try await bench.counters().lateReplies == 100 }
            try await eventually("an answer in time") {
                try await bench.ask("ECHO", "mine") == .reply(tag: 0, .string(Array("mine".utf8)))
            }
            let counters = try await bench.counters()
            #expect(counters.deadlinesExceeded >= 100)
            #expect(counters.connects == 1)
        }
    }

    @Test func `a command sent when everything before it has expired keeps its own deadline`() async throws {
        let server = try await TestRedis.start()
        var configuration = server.configuration(commandDeadlineMs: 50)
        // So late that the test would end first.
        configuration.stallTimeoutMs = 600_000
        try await LoopBench.with(configuration) { bench in
            try await server.pause()
            for tag in 0..<3 {
                let hearing = Hearing()
                try await bench.send(tag, hearing, ["PING"])
                try await hearing.wait(for: 1)
                #expect(hearing.events == [.failure(tag: tag, .deadlineExceeded)])
            }
            server.resume()
        }
    }

    @Test func `a command may have a deadline of its own, shorter or longer than the link's`() async throws {
        let server = try await TestRedis.start()
        try await LoopBench.with(server.configuration(commandDeadlineMs: 200)) { bench in
            try await server.pause()
            var hearing = Hearing()
            // A loop that was kept from running beyond both deadlines finds both over at once: then once more.
            try await eventually("the shorter deadline to pass first") {
                let told = Hearing()
                hearing = told
                try await bench.onLoop { link in
                    for (tag, withinNs) in [(1, 600_000_000_000), (2, 0), (3, 20_000_000)] as [(Int, UInt64)] {
                        let waiter = RecordingWaiter(tag, told, ["PING"])
                        _ = link.send(waiter, withinNs: withinNs) { $0.writeImmutableBuffer(waiter.command) }
                    }
                }
                try await told.wait(for: 2)
                return told.events == [.failure(tag: 3, .deadlineExceeded), .failure(tag: 2, .deadlineExceeded)]
            }
            server.resume()
            try await hearing.wait(for: 3)
            #expect(hearing.events.last == .reply(tag: 1, .status("PONG")))
        }
    }

    @Test func `a waiter is free for another command once its deadline has passed`() async throws {
        let server = try await TestRedis.start()
        try await LoopBench.with(server.configuration(commandDeadlineMs: 50)) { bench in
            try await server.pause()
            let hearing = Hearing()
            let waiter = NIOLoopBoundBox<RecordingWaiter?>.makeEmptyBox(
                valueType: RecordingWaiter.self, eventLoop: bench.loop)
            try await bench.onLoop { link in
                let made = RecordingWaiter(1, hearing, ["ECHO", "first"])
                waiter.value = made
                made.send(on: link)
            }
            try await hearing.wait(for: 1)
            #expect(hearing.events == [.failure(tag: 1, .deadlineExceeded)])
            server.resume()
            // The same object asks something else; the first reply, late, must not be taken for the second.
            try await eventually("the second answer") {
                let count = hearing.count
                try await bench.onLoop { link in
                    waiter.value?.command = RecordingWaiter.encoded(["ECHO", "second"])
                    waiter.value?.send(on: link)
                }
                try await hearing.wait(for: count + 1)
                return hearing.values.contains(.string(Array("second".utf8)))
            }
            #expect(!hearing.values.contains(.string(Array("first".utf8))))
            try await eventually("the late reply") { try await bench.counters().lateReplies >= 1 }
        }
    }

    @Test func `a connection that answers nothing is replaced`() async throws {
        let server = try await TestRedis.start()
        var configuration = server.configuration(commandDeadlineMs: 20)
        configuration.stallTimeoutMs = 100
        configuration.connectTimeoutMs = 100
        try await LoopBench.with(configuration) { bench in
            try await server.pause()
            let hearing = Hearing()
            try await bench.send(1, hearing, ["PING"])
            try await eventually("the end of the stalled connection") { try await bench.counters().stalls == 1 }
            #expect(try await bench.onLoop { $0.pendingCount } < 10)
            let refused = Hearing()
            try await bench.send(2, refused, ["PING"])
            #expect(refused.events == [.failure(tag: 2, .notConnected)])
            // Attempts reach the kernel's backlog, get no answer, and time out: the set-up has a deadline too.
            try await eventually("an attempt that failed") { try await bench.counters().connectAttempts >= 3 }
            server.resume()
            try await bench.waitUntilReady()
            #expect(try await bench.onLoop { $0.lastFailure } == nil)
        }
    }

    @Test func `after a kill and a restart it connects again, and tells that the server is another one`() async throws {
        let server = try await TestRedis.start()
        let runs = Recorded<String>()
        let states = Recorded<RedisLinkState>()
        let bench = try await LoopBench(server.configuration()) { link in
            link.onServerChange = { before, now in runs.add("\(before ?? "-") \(now)") }
            link.onStateChange = { states.add($0) }
        }
        try await bench.waitUntilReady()
        let first = try await bench.onLoop { $0.serverRunID } ?? ""
        #expect(first.utf8.count == 40)
        let hearing = Hearing()
        try await bench.send(1, hearing, ["BLPOP", "empty", "0"])
        try await server.kill()
        try await hearing.wait(for: 1)
        #expect(hearing.events == [.failure(tag: 1, .connectionLost)])
        try await bench.send(2, hearing, ["PING"])
        #expect(hearing.events.last == .failure(tag: 2, .notConnected))

        try await server.restart()
        try await bench.waitUntilReady()
        #expect(try await bench.ask("PING") == .reply(tag: 0, .status("PONG")))
        let second = try await bench.onLoop { $0.serverRunID } ?? ""
        #expect(second != first)
        #expect(runs.all == ["- \(first)", "\(first) \(second)"])
        #expect(states.all.first == .connecting)
        #expect(states.all.last == .ready)
        let counters = try await bench.counters()
        #expect(counters.connects == 2)
        #expect(counters.disconnects == 1)
        #expect(counters.commandsLost == 1)
        try await bench.close()
    }

    @Test func `CLIENT KILL is survived by the same server without a change of its identity`() async throws {
        let server = try await TestRedis.start()
        let runs = Recorded<String>()
        let bench = try await LoopBench(server.configuration()) { link in
            link.onServerChange = { _, now in runs.add(now) }
        }
        try await bench.waitUntilReady()
        try await server.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        try await eventually("the new connection") { try await bench.counters().connects == 2 }
        #expect(runs.all.count == 1)
        try await bench.close()
    }

    @Test func `scripts lost by a restart are there when the link is ready again`() async throws {
        let server = try await TestRedis.start()
        let script = RedisScript(name: "two", source: "return 2")
        let bench = try await LoopBench(server.configuration(), scripts: [script])
        try await bench.waitUntilReady()
        try await server.restart()
        try await eventually("the new connection") { try await bench.counters().connects == 2 }
        #expect(try await bench.ask("EVALSHA", script.sha1, "0") == .reply(tag: 0, .integer(2)))
        #expect(try await bench.counters().scriptReloads == 0)
        try await bench.close()
    }

    @Test func `a peer that does not speak RESP2 ends the connection, and every command fails once`() async throws {
        let peer = try await ScriptedPeer.start()
        let bench = try await LoopBench(peer.configuration())
        try await bench.waitUntilReady()
        peer.answer = "+fine\r\n?what\r\n"
        let hearing = Hearing()
        try await bench.onLoop { link in
            for tag in 0..<3 { RecordingWaiter(tag, hearing, ["PING"]).send(on: link) }
        }
        try await hearing.wait(for: 3)
        #expect(
            hearing.events == [
                .reply(tag: 0, .status("fine")), .failure(tag: 1, .protocolError), .failure(tag: 2, .protocolError),
            ])
        #expect(try await bench.counters().protocolErrors == 1)
        try await bench.waitUntilReady()
        try await bench.close()
        try await peer.stop()
    }

    @Test func `a reply nobody asked for ends the connection`() async throws {
        let peer = try await ScriptedPeer.start()
        let bench = try await LoopBench(peer.configuration())
        try await bench.waitUntilReady()
        peer.answer = "+one\r\n+two\r\n"
        #expect(try await bench.ask("PING") == .reply(tag: 0, .status("one")))
        try await eventually("the protocol error") { try await bench.counters().protocolErrors == 1 }
        try await bench.waitUntilReady()
        try await bench.close()
        try await peer.stop()
    }

    @Test func `time that a command spent with another node is no silence of this one`() async throws {
        let peer = try await ScriptedPeer.start()
        var configuration = peer.configuration()
        configuration.stallTimeoutMs = configuration.commandDeadlineMs
        let bench = try await LoopBench(configuration)
        try await bench.waitUntilReady()
        let hearing = Hearing()
        try await bench.onLoop { link in
            // All but a third of a second of its time has passed.
            let command = WaitingCommand(
                waiter: RecordingWaiter(0, hearing, ["GET", "a"]), slot: 1, dueNs: 0,
                deadlineNs: NIODeadline.now().uptimeNanoseconds + 300_000_000, refusals: 1, error: nil)
            #expect(link.sendAgain(command, asking: false))
        }
        try await hearing.wait(for: 1)
        #expect(hearing.failures == [.deadlineExceeded])
        #expect(try await bench.onLoop { $0.isReady && $0.counters.stalls == 0 })
        try await bench.close()
        try await peer.stop()
    }

    @Test func `callbacks may send and close`() async throws {
        let server = try await TestRedis.start()
        let bench = try await LoopBench(server.configuration())
        try await bench.waitUntilReady()
        let hearing = Hearing()
        try await bench.onLoop { link in
            let chain = ChainWaiter(link: link, remaining: 50, hearing)
            chain.send()
            RecordingWaiter(1, hearing, ["PING"]).send(on: link)
        }
        try await hearing.wait(for: 2)
        #expect(hearing.events == [.reply(tag: 1, .status("PONG")), .failure(tag: 0, .notConnected)])
        try await bench.close()
    }

    /// Sends again from its callback; in the end it closes the link and tries once more.
    private final class ChainWaiter: RedisWaiter {
        private let link: RedisLink
        private var remaining: Int
        private let hearing: Hearing

        init(link: RedisLink, remaining: Int, _ hearing: Hearing) {
            self.link = link
            self.remaining = remaining
            self.hearing = hearing
        }

        func send() {
            let refusal = self.link.send(self, encoded: RecordingWaiter.encoded(["PING"]))
            if let refusal { self.hearing.add(.failure(tag: 0, refusal)) }
        }

        override func redisReplied(_ reply: borrowing RedisReply) {
            self.remaining -= 1
            if self.remaining == 0 { self.link.close() }
            self.send()
        }
    }
}
