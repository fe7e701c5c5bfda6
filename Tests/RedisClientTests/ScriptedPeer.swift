import NIOCore
import NIOPosix
import RedisClient
import Synchronization
import TestKit

/// A peer that is no Redis: it passes a link's set-up (`CLIENT SETNAME`, `INFO`), then gives one prepared answer to the
/// first bytes that come, whatever they are, once.
final class ScriptedPeer: Sendable {
    private let folder: TestFolder
    private let channel: any Channel
    private let script: Script

    fileprivate final class Script: Sendable {
        let answer = Mutex<String?>(nil)
    }

    var answer: String? {
        get { self.script.answer.withLock { $0 } }
        set { self.script.answer.withLock { $0 = newValue } }
    }

    static func start() async throws -> ScriptedPeer {
        let folder = try TestFolder(prefix: "tollgate-peer")
        let script = Script()
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(PeerHandler(script))
                }
            }
            .bind(unixDomainSocketPath: "\(folder.path)/peer.sock").get()
        return ScriptedPeer(folder: folder, channel: channel, script: script)
    }

    private init(folder: TestFolder, channel: any Channel, script: Script) {
        self.folder = folder
        self.channel = channel
        self.script = script
    }

    func configuration() -> RedisConfiguration {
        var configuration = RedisConfiguration(endpoint: .unix(path: "\(self.folder.path)/peer.sock"))
        configuration.commandDeadlineMs = 20_000
        configuration.connectTimeoutMs = 20_000
        configuration.stallTimeoutMs = 60_000
        configuration.reconnectDelayMinMs = 5
        configuration.reconnectDelayMaxMs = 50
        return configuration
    }

    func stop() async throws {
        try await self.channel.close()
        self.folder.remove()
    }

    private final class PeerHandler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer
        private let script: Script
        private var received = ""
        private var isSetUp = false

        init(_ script: Script) {
            self.script = script
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            self.received += String(buffer: Self.unwrapInboundIn(data))
            if !self.isSetUp {
                guard self.received.contains("INFO\r\n") else { return }
                self.isSetUp = true
                let info = "run_id:0123456789012345678901234567890123456789\r\n"
                return self.write("+OK\r\n$\(info.utf8.count)\r\n\(info)\r\n", context)
            }
            let answer = self.script.answer.withLock { answer in
                defer { answer = nil }
                return answer
            }
            if let answer { self.write(answer, context) }
        }

        private func write(_ text: String, _ context: ChannelHandlerContext) {
            context.writeAndFlush(Self.wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
        }
    }
}
