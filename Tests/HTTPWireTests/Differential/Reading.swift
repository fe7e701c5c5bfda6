import HTTPWire
import NIOCore
import NIOEmbedded
import NIOHTTP1

/// A message reduced to what both parsers say about it. NIO hands out Strings, repaired to UTF-8, so ours are made so.
struct ReadMessage: Equatable {
    var first: String
    var target = ""
    var minorVersion: Int
    var fields: [[String]]
    var body: [UInt8] = []
    var trailers: [[String]] = []
}

/// All complete messages that a parser found on a connection, the head of one that is not, and whether it gave up.
struct Reading: Equatable {
    var messages: [ReadMessage] = []
    var partial: ReadMessage?
    var error: String?
}

extension ReadMessage {
    init(_ seen: SeenMessage, isRequest: Bool) {
        func lines(_ fields: [SeenField]) -> [[String]] {
            fields.map { [String(decoding: $0.name, as: UTF8.self), String(decoding: $0.value, as: UTF8.self)] }
        }
        self.init(
            first: String(decoding: seen.first, as: UTF8.self),
            target: isRequest ? String(decoding: seen.second, as: UTF8.self) : "",
            minorVersion: Int(seen.minorVersion), fields: lines(seen.fields), body: seen.body,
            trailers: lines(seen.trailers))
    }
}

/// What HTTPWire reads.
func ourReading(_ message: [UInt8], _ side: ConnectionReader.Side) -> (Reading, SeenConnection) {
    let seen = read(message, side)
    let isRequest = if case .requests = side { true } else { false }
    var reading = Reading(messages: seen.messages.map { ReadMessage($0, isRequest: isRequest) })
    reading.partial = seen.partial.map { ReadMessage($0, isRequest: isRequest) }
    if case .failed(let error) = seen.end { reading.error = error.rawValue }
    return (reading, seen)
}

// Only their unwrapping is used.
private protocol Unwrapping: ChannelInboundHandler {}
private final class RequestCollector: Unwrapping { typealias InboundIn = HTTPServerRequestPart }
private final class ResponseCollector: Unwrapping { typealias InboundIn = HTTPClientResponsePart }

/// Collects parts into messages; only complete ones count.
private final class Collector: ChannelInboundHandler {
    typealias InboundIn = NIOAny
    private var state = Reading()
    private var current: ReadMessage?
    /// What has been collected so far.
    var reading: Reading {
        var reading = self.state
        reading.partial = self.current
        reading.partial?.body = []
        return reading
    }
    private let isRequest: Bool

    init(isRequest: Bool) { self.isRequest = isRequest }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if self.isRequest {
            switch RequestCollector.unwrapInboundIn(data) {
            case .head(let head):
                self.begin(head.method.rawValue, head.uri, head.version, head.headers)
            case .body(let body): self.current?.body += Array(body.readableBytesView)
            case .end(let trailers): self.end(trailers)
            }
        } else {
            switch ResponseCollector.unwrapInboundIn(data) {
            case .head(let head): self.begin("\(head.status.code)", "", head.version, head.headers)
            case .body(let body): self.current?.body += Array(body.readableBytesView)
            case .end(let trailers): self.end(trailers)
            }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if self.state.error == nil { self.state.error = "\(error)" }
    }

    private func begin(_ first: String, _ target: String, _ version: HTTPVersion, _ headers: HTTPHeaders) {
        self.current = ReadMessage(
            first: first, target: target, minorVersion: version.minor, fields: headers.map { [$0.name, $0.value] })
        // NIO reports no end for an interim response; it has no body, so its head is all of it.
        if !self.isRequest, first.hasPrefix("1"), first != "101" { self.end(nil) }
    }

    private func end(_ trailers: HTTPHeaders?) {
        guard var current = self.current else { return }
        current.trailers = trailers?.map { [$0.name, $0.value] } ?? []
        self.state.messages.append(current)
        self.current = nil
    }
}

/// What NIO's llhttp reads.
func nioReading(_ message: [UInt8], _ side: ConnectionReader.Side) throws -> Reading {
    let channel = EmbeddedChannel()
    let collector: Collector
    switch side {
    case .requests:
        collector = Collector(isRequest: true)
        try channel.pipeline.syncOperations.addHandler(ByteToMessageHandler(HTTPRequestDecoder()))
    case .responses(let method):
        collector = Collector(isRequest: false)
        let decoder = HTTPResponseDecoder(informationalResponseStrategy: .forward)
        try channel.pipeline.syncOperations.addHandler(ByteToMessageHandler(decoder))
        let request = HTTPRequestHead(version: .http1_1, method: HTTPMethod(rawValue: "\(method.text)"), uri: "/")
        try channel.writeOutbound(HTTPClientRequestPart.head(request))
    }
    try channel.pipeline.syncOperations.addHandler(collector)
    channel.pipeline.fireChannelRead(ByteBuffer(bytes: message))
    _ = try? channel.finish(acceptAlreadyClosed: true)
    return collector.reading
}
