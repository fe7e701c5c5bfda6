public import Logging
public import NIOCore
import NIOPosix

/// A Redis connection for tasks: control plane, workers, command line. One router, on one event loop, which is also this
/// actor's executor: so its calls into it are direct. With a cluster every command goes to the node of its first key, and
/// follows redirections; one without a key goes to any node.
///
/// Every call ends within the configuration's command deadline; cancelling the task does not end it sooner. Commands of
/// several tasks share the connection, so nothing may block it (`BLPOP`, `XREADGROUP … BLOCK`) or change its state
/// (`SELECT`, `WATCH`, `SUBSCRIBE`): open another one for that, with a longer deadline.
public actor RedisConnection {
    public nonisolated let unownedExecutor: UnownedSerialExecutor
    public nonisolated let configuration: RedisConfiguration
    private let router: RedisRouter
    private let readiness: RedisReadiness

    /// A connection that does nothing until `start`. `eventLoop`: nil takes one of the process's shared loops.
    public init(
        _ configuration: RedisConfiguration, scripts: [RedisScript] = [],
        on eventLoop: (any EventLoop)? = nil, logger: Logger? = nil
    ) {
        let eventLoop = eventLoop ?? MultiThreadedEventLoopGroup.singleton.any()
        self.unownedExecutor = eventLoop.executor.asUnownedSerialExecutor()
        self.configuration = configuration
        self.router = RedisRouter(eventLoop: eventLoop, configuration: configuration, scripts: scripts, logger: logger)
        self.readiness = RedisReadiness(self.router)
    }

    /// Connects and waits until the connection is ready, once, for `connectTimeoutMs`; afterwards it reconnects by
    /// itself. Throws ``RedisConnectError``.
    public static func connect(
        _ configuration: RedisConfiguration, scripts: [RedisScript] = [],
        on eventLoop: (any EventLoop)? = nil, logger: Logger? = nil
    ) async throws -> RedisConnection {
        let connection = RedisConnection(configuration, scripts: scripts, on: eventLoop, logger: logger)
        await connection.start()
        do {
            try await connection.waitUntilReady(timeoutMs: configuration.connectTimeoutMs)
        } catch {
            await connection.close()
            throw error
        }
        return connection
    }

    /// Starts connecting, and goes on until `close`.
    public func start() {
        self.router.onChange = { [weak readiness = self.readiness] in readiness?.stateChanged() }
        self.router.start()
    }

    /// Ends the connection for good; what is under way fails with ``RedisFailure/connectionLost``. A connection that was
    /// started must be closed.
    public func close() {
        self.router.close()
        self.readiness.stateChanged()
    }

    /// Returns at once when ready. Throws ``RedisConnectError``, or ``RedisFailure/notConnected`` when closed.
    public func waitUntilReady(timeoutMs: Int) async throws {
        try await withCheckedThrowingContinuation { self.readiness.add($0, timeoutMs: timeoutMs) }
    }

    public var counters: RedisLinkCounters { self.router.counters }
    public var state: RedisLinkState { self.router.state }
    /// Names the memory that is reached: the server's `run_id`; of a cluster something that changes when a node came back
    /// as another process, or a replica took its primary's place.
    public var serverRunID: String? { self.router.serverRunID }
    /// The servers that hold keys: one, or the primaries of a cluster as they are known now. `SCAN` asks each.
    public var servers: [RedisConfiguration.Endpoint] { self.router.servers }

    // MARK: Commands

    /// Sends one command, its name first. An error reply is thrown as ``RedisFailure/serverError(_:)``.
    @discardableResult
    public func command(_ arguments: [RedisArgument]) async throws -> RedisValue {
        try await self.send(arguments)
    }

    /// A command to one of ``servers``.
    @discardableResult
    public func command(_ arguments: [RedisArgument], at server: RedisConfiguration.Endpoint) async throws -> RedisValue
    {
        let command = try Self.encoded(arguments)
        return try await withCheckedThrowingContinuation { continuation in
            let waiter = RedisValueWaiter(continuation, command: command)
            let refusal = self.router.send(waiter, to: server) { _ = $0.writeImmutableBuffer(command) }
            if let refusal { waiter.redisFailed(refusal) }
        }
    }

    /// As `command(_:)`: `try await redis.command("HGET", key, "field")`.
    @discardableResult
    public func command(_ arguments: RedisArgument...) async throws -> RedisValue {
        try await self.send(arguments)
    }

    /// Calls a script by its hash, loading it first where Redis does not know it.
    @discardableResult
    public func eval(
        _ script: RedisScript, keys: [RedisArgument] = [], arguments: [RedisArgument] = []
    ) async throws -> RedisValue {
        self.router.register(script)
        let head: [RedisArgument] = ["EVALSHA", .text(script.sha1), .integer(Int64(keys.count))]
        return try await self.send(head + keys + arguments)
    }

    /// Calls a script many times, in one write to each server; the values come in the order of the calls. A call's error reply is the
    /// value ``RedisValue/error(_:)``; anything that leaves a reply unknown is thrown.
    public func eval(_ script: RedisScript, calls: [RedisScriptCall]) async throws -> [RedisValue] {
        self.router.register(script)
        let hash = RedisArgument.text(script.sha1)
        return try await self.pipeline(
            calls.map { ["EVALSHA", hash, .integer(Int64($0.keys.count))] + $0.keys + $0.arguments })
    }

    /// Sends the commands in one write to each server; the values come in their order. A command's error reply is the
    /// value ``RedisValue/error(_:)``; anything that leaves a reply unknown is thrown. A cluster executes those for
    /// different slots in any order.
    public func pipeline(_ commands: [[RedisArgument]]) async throws -> [RedisValue] {
        guard !commands.isEmpty else { return [] }
        guard commands.count <= self.configuration.pendingCommandsMax - self.router.pendingCount else {
            throw RedisFailure.queueFull
        }
        let encoded = try commands.map(Self.encoded)
        return try await withCheckedThrowingContinuation { continuation in
            let pipeline = RedisPipeline(count: encoded.count, continuation)
            for (index, command) in encoded.enumerated() {
                let waiter = RedisPipelineWaiter(pipeline, index: index, command: command)
                if let refusal = self.send(waiter, commands[index], command) { waiter.redisFailed(refusal) }
            }
        }
    }

    /// Runs the commands between MULTI and EXEC, and returns their values. With one server only: a cluster refuses. Throws when Redis refused one of them, and so
    /// executed none. Errors of a command that was executed are values. `EVALSHA` in here is not resent: load it before.
    public func transaction(_ commands: [[RedisArgument]]) async throws -> [RedisValue] {
        guard !self.router.isCluster else {
            throw RedisFailure.serverError(RedisServerError(message: "ERR transactions are for one server"))
        }
        let replies = try await self.pipeline([["MULTI"]] + commands + [["EXEC"]])
        for reply in replies.dropLast() {
            if case .error(let error) = reply { throw RedisFailure.serverError(error) }
        }
        switch replies.last {
        case .array(let values): return values
        case .error(let error): throw RedisFailure.serverError(error)
        default: throw RedisFailure.serverError(RedisServerError(message: "EXECABORT the transaction was not executed"))
        }
    }

    private func send(_ arguments: [RedisArgument]) async throws -> RedisValue {
        let command = try Self.encoded(arguments)
        return try await withCheckedThrowingContinuation { continuation in
            let waiter = RedisValueWaiter(continuation, command: command)
            if let refusal = self.send(waiter, arguments, command) { waiter.redisFailed(refusal) }
        }
    }

    private func send(
        _ waiter: RedisWaiter, _ arguments: [RedisArgument], _ encoded: ByteBuffer
    ) -> RedisFailure? {
        guard self.router.isCluster, let slot = RedisCommandSlot.of(arguments) else {
            return self.router.sendAnywhere(waiter) { _ = $0.writeImmutableBuffer(encoded) }
        }
        return self.router.send(waiter, slot: slot) { _ = $0.writeImmutableBuffer(encoded) }
    }

    private static func encoded(_ arguments: [RedisArgument]) throws -> ByteBuffer {
        var command = ByteBuffer()
        guard RedisFormatter.append(arguments, into: &command) else { throw RedisFailure.nothingEncoded }
        return command
    }
}
