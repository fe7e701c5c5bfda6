import NIOCore
import NIOPosix
import Synchronization

/// A way to a server on a unix socket that takes its time back: what the server answers arrives a set time later, in
/// order. What is sent to it goes at once.
public final class SlowRelay: Sendable {
    public let port: Int
    private let listener: any Channel
    private let delayMs: Delay

    /// Shared with the connections.
    private final class Delay: Sendable {
        let value = Atomic<Int>(0)
    }

    private init(_ listener: any Channel, _ delayMs: Delay) throws {
        guard let port = listener.localAddress?.port else { throw ChannelError.operationUnsupported }
        self.listener = listener
        self.port = port
        self.delayMs = delayMs
    }

    /// Relays without delay until one is set.
    public static func start(to socketPath: String) async throws -> SlowRelay {
        let delay = Delay()
        let listener = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelOption(.autoRead, value: false)
            .childChannelInitializer { client in
                ClientBootstrap(group: client.eventLoop)
                    .connect(unixDomainSocketPath: socketPath)
                    .flatMapThrowing { server in
                        try server.pipeline.syncOperations.addHandler(
                            Passer(to: client) { delay.value.load(ordering: .relaxed) })
                        try client.pipeline.syncOperations.addHandler(Passer(to: server) { 0 })
                    }
                    .flatMap { client.setOption(.autoRead, value: true) }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return try SlowRelay(listener, delay)
    }

    /// Of every answer that arrives from the server after this. Not shortened while answers are on their way.
    public func delay(ms: Int) { self.delayMs.value.store(ms, ordering: .relaxed) }

    public func stop() async { try? await self.listener.close() }
}

/// Hands what it reads to another channel of the same loop, later.
private final class Passer: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let other: any Channel
    private let delayMs: () -> Int

    init(to other: any Channel, delayMs: @escaping () -> Int) {
        self.other = other
        self.delayMs = delayMs
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = self.unwrapInboundIn(data)
        let other = self.other
        let delayMs = self.delayMs()
        guard delayMs > 0 else { return other.writeAndFlush(bytes, promise: nil) }
        context.eventLoop.scheduleTask(in: .milliseconds(Int64(delayMs))) { other.writeAndFlush(bytes, promise: nil) }
    }

    func channelInactive(context: ChannelHandlerContext) { self.other.close(promise: nil) }
}
