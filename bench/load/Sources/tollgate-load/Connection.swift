import LoadModel
import NIOCore

/// One request on its way.
struct Sending {
    let kind: Int
    let key: Int
    let dueNs: UInt64
    let sentNs: UInt64
    let group: ReplayBook.Group?
    let isMeasured: Bool
}

/// One connection: sends one request at a time and tells its engine what came back. Lives on the engine's loop.
final class Connection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    let number: Int
    private unowned let engine: Engine
    private(set) var channel: (any Channel)?
    private(set) var sending: Sending?
    private var reader = ResponseReader()
    private var kept: ByteBuffer?

    init(number: Int, engine: Engine) {
        self.number = number
        self.engine = engine
    }

    func send(_ sending: Sending, _ bytes: ByteBuffer, isHead: Bool) {
        self.sending = sending
        reader.isHead = isHead
        channel?.writeAndFlush(bytes, promise: nil)
    }

    /// Gives up waiting for an answer.
    func abandon() { channel?.close(promise: nil) }

    func channelActive(context: ChannelHandlerContext) {
        channel = context.channel
        engine.isReady(self)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var buffer = Self.unwrapInboundIn(data)
        if var kept {
            kept.writeBuffer(&buffer)
            buffer = kept
            self.kept = nil
        }
        do {
            while buffer.readableBytes > 0 {
                let progress = try buffer.withUnsafeReadableBytes { bytes in try reader.read(bytes) }
                switch progress {
                case .more(let consumed):
                    buffer.moveReaderIndex(forwardBy: consumed)
                    if buffer.readableBytes > 0 { kept = buffer }
                    return
                case .complete(let consumed, let response):
                    buffer.moveReaderIndex(forwardBy: consumed)
                    complete(response, context: context)
                }
            }
        } catch {
            context.close(promise: nil)
        }
    }

    private func complete(_ response: ResponseReader.Response, context: ChannelHandlerContext) {
        guard let sending else { return context.close(promise: nil) }
        self.sending = nil
        engine.answered(sending, response)
        if response.keepsAlive { engine.isReady(self) } else { context.close(promise: nil) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        if let sending {
            self.sending = nil
            if reader.endsWithConnection {
                engine.answered(sending, reader.finish())
            } else {
                engine.broke(sending)
            }
        }
        reader = ResponseReader()
        kept = nil
        channel = nil
        engine.closed(self)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
