import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A real upstream on a real socket that answers what the test says, and remembers what it was asked.
final class ScriptedUpstream: Sendable {
    /// A request as the upstream saw it.
    struct Seen: Sendable {
        let method: String
        let target: String
        let fields: [(name: String, value: String)]
        let body: String

        subscript(name: String) -> String? { self.fields.first { $0.name.lowercased() == name.lowercased() }?.value }

        func all(_ name: String) -> [String] {
            self.fields.filter { $0.name.lowercased() == name.lowercased() }.map(\.value)
        }
    }

    /// What to do with a request: bytes to write in order, pauses between them, and whether to close afterwards.
    struct Answer: Sendable {
        enum Step: Sendable {
            case bytes(String)
            case wait(milliseconds: Int)
            /// Goes on when the test calls `proceed`.
            case gate
            case close
        }
        var steps: [Step]

        init(_ steps: Step...) { self.steps = steps }

        init(steps: [Step]) { self.steps = steps }

        static func ok(_ body: String, fields: String = "") -> Answer {
            Answer(.bytes("HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\(fields)\r\n\(body)"))
        }
    }

    private let group: MultiThreadedEventLoopGroup
    private let channel: any Channel
    let port: Int

    init(_ answer: @escaping @Sendable (Seen) -> Answer) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        self.group = group
        let record = Record()
        self.channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                record.noteConnection()
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers(
                        ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes)),
                        UpstreamHandler(record: record, answer: answer))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        self.port = self.channel.localAddress?.port ?? 0
        self.record = record
    }

    private let record: Record

    /// All requests so far, in order of arrival.
    var requests: [Seen] { self.record.requests }

    /// Connections that were ever made.
    var connections: Int { self.record.connections }

    /// Lets one waiting answer go on.
    func proceed() { self.record.proceed() }

    /// An upstream for the length of `body`.
    static func with(
        _ answer: @escaping @Sendable (Seen) -> Answer = { _ in .ok("hello") },
        _ body: (ScriptedUpstream) async throws -> Void
    ) async throws {
        let upstream = try await ScriptedUpstream(answer)
        do {
            try await body(upstream)
        } catch {
            await upstream.stop()
            throw error
        }
        await upstream.stop()
    }

    func stop() async {
        try? await self.channel.close()
        try? await self.group.shutdownGracefully()
    }

    fileprivate final class Record: Sendable {
        private struct State {
            var requests: [Seen] = []
            var gates: [EventLoopPromise<Void>] = []
            var credit = 0
            var connections = 0
        }

        private let state = Mutex(State())

        var requests: [Seen] { self.state.withLock { $0.requests } }
        var connections: Int { self.state.withLock { $0.connections } }

        func noteConnection() { self.state.withLock { $0.connections += 1 } }

        func note(_ seen: Seen) { self.state.withLock { $0.requests.append(seen) } }

        func wait(_ promise: EventLoopPromise<Void>) {
            let goesOn = self.state.withLock { state in
                guard state.credit > 0 else {
                    state.gates.append(promise)
                    return false
                }
                state.credit -= 1
                return true
            }
            if goesOn { promise.succeed() }
        }

        func proceed() {
            let promise = self.state.withLock { state -> EventLoopPromise<Void>? in
                if state.gates.isEmpty { state.credit += 1 }
                return state.gates.isEmpty ? nil : state.gates.removeFirst()
            }
            promise?.succeed()
        }
    }
}

private final class UpstreamHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart

    private let record: ScriptedUpstream.Record
    private let answer: @Sendable (ScriptedUpstream.Seen) -> ScriptedUpstream.Answer
    private var head: HTTPRequestHead?
    private var body = ""

    init(
        record: ScriptedUpstream.Record, answer: @escaping @Sendable (ScriptedUpstream.Seen) -> ScriptedUpstream.Answer
    ) {
        self.record = record
        self.answer = answer
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch Self.unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            self.body = ""
        case .body(let bytes):
            self.body += String(buffer: bytes)
        case .end:
            guard let head else { return }
            let seen = ScriptedUpstream.Seen(
                method: head.method.rawValue, target: head.uri, fields: head.headers.map { ($0.name, $0.value) },
                body: self.body)
            self.record.note(seen)
            self.run(self.answer(seen).steps[...], context.channel)
        }
    }

    private func run(_ steps: ArraySlice<ScriptedUpstream.Answer.Step>, _ channel: any Channel) {
        var steps = steps
        while let step = steps.popFirst() {
            switch step {
            case .bytes(let text):
                channel.writeAndFlush(ByteBuffer(string: text), promise: nil)
            case .close:
                channel.close(promise: nil)
                return
            case .wait(let milliseconds):
                let rest = steps
                let bound = NIOLoopBound(self, eventLoop: channel.eventLoop)
                channel.eventLoop.scheduleTask(in: .milliseconds(Int64(milliseconds))) {
                    bound.value.run(rest, channel)
                }
                return
            case .gate:
                let rest = steps
                let promise = channel.eventLoop.makePromise(of: Void.self)
                let bound = NIOLoopBound(self, eventLoop: channel.eventLoop)
                promise.futureResult.whenComplete { _ in bound.value.run(rest, channel) }
                self.record.wait(promise)
                return
            }
        }
    }
}
