import NIOCore
import NIOPosix
import RedisClient
import TestKit

/// A link on a loop of its own choosing, reachable from a test's task. Every body runs on the loop.
struct LoopBench: Sendable {
    let loop: any EventLoop
    private let link: NIOLoopBoundBox<RedisLink?>

    init(
        _ configuration: RedisConfiguration, scripts: [RedisScript] = [],
        loop: any EventLoop = MultiThreadedEventLoopGroup.singleton.any(),
        prepare: @escaping @Sendable (RedisLink) -> Void = { _ in }
    ) async throws {
        self.loop = loop
        self.link = .makeEmptyBox(valueType: RedisLink.self, eventLoop: loop)
        let link = self.link
        try await loop.submit {
            let made = RedisLink(eventLoop: loop, configuration: configuration, scripts: scripts)
            link.value = made
            prepare(made)
            made.start()
        }.get()
    }

    func onLoop<Result: Sendable>(_ body: @escaping @Sendable (RedisLink) throws -> Result) async throws -> Result {
        let link = self.link
        return try await self.loop.submit {
            guard let made = link.value else { throw ConditionNotMet(description: "the link has been closed") }
            return try body(made)
        }.get()
    }

    func waitUntilReady() async throws {
        try await eventually("the link's readiness") { try await self.onLoop { $0.isReady } }
    }

    func counters() async throws -> RedisLinkCounters {
        try await self.onLoop { $0.counters }
    }

    func close() async throws {
        let link = self.link
        try await self.loop.submit {
            link.value?.close()
            link.value = nil
        }.get()
    }

    /// Runs `body` with a ready link to `configuration`, and closes it in any case.
    static func with(
        _ configuration: RedisConfiguration, scripts: [RedisScript] = [],
        _ body: (LoopBench) async throws -> Void
    ) async throws {
        let bench = try await LoopBench(configuration, scripts: scripts)
        do {
            try await bench.waitUntilReady()
            try await body(bench)
        } catch {
            try await bench.close()
            throw error
        }
        try await bench.close()
    }
}

extension LoopBench {
    /// Sends one command from the loop; its answer is added to `hearing`.
    func send(_ tag: Int, _ hearing: Hearing, _ arguments: [String]) async throws {
        try await self.onLoop { RecordingWaiter(tag, hearing, arguments).send(on: $0) }
    }

    /// Sends one command and waits for its answer.
    func ask(_ arguments: String...) async throws -> Hearing.Event {
        let hearing = Hearing()
        try await self.send(0, hearing, arguments)
        try await hearing.wait(for: 1)
        return hearing.events[0]
    }
}
