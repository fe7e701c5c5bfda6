import HTTPWire
import NIOCore

/// What a connection handler does with the parts of HTTPWire, without the connection: bytes come in pieces, messages
/// come out.
final class ConnectionReader {
    enum Side { case requests, responses(Method) }

    private let side: Side
    private var buffer = ByteBuffer()
    private var requestParser: RequestParser
    private var responseParser: ResponseParser
    private var requestHead = RequestHead()
    private var responseHead = ResponseHead()
    private var decoder: BodyDecoder
    private var current: SeenMessage?
    private var state = SeenConnection()
    /// What has been understood so far.
    var seen: SeenConnection {
        var seen = self.state
        seen.partial = self.current
        seen.partial?.body = []
        return seen
    }

    init(_ side: Side, limits: HeadLimits = HeadLimits(), body: BodyLimits = BodyLimits()) {
        self.side = side
        self.requestParser = RequestParser(limits: limits)
        self.responseParser = ResponseParser(limits: limits)
        self.decoder = BodyDecoder(limits: body)
    }

    /// Takes the next bytes of the connection.
    func feed(_ piece: some Sequence<UInt8>) {
        guard self.isOpen else { return }
        self.buffer.writeBytes(piece)
        while self.isOpen, self.advance() {}
        if self.isOpen { self.state.end = self.buffer.readableBytes == 0 && self.current == nil ? .clean : .incomplete }
    }

    /// The peer has closed the connection.
    func finish() {
        guard self.isOpen, self.current != nil else { return }
        if case .finished = self.decoder.connectionEnded() { self.complete() }
    }

    private var isOpen: Bool {
        switch self.state.end {
        case .clean, .incomplete: true
        case .failed, .closed: false
        }
    }

    /// Takes one step; false when more bytes are needed.
    private func advance() -> Bool {
        self.current == nil ? self.advanceHead() : self.advanceBody()
    }

    private func advanceHead() -> Bool {
        let held = self.buffer.array
        let progress: HeadProgress
        switch self.side {
        case .requests:
            progress = self.requestParser.parse(self.buffer.readableBytesUInt8Span, into: &self.requestHead)
        case .responses(let method):
            progress = self.responseParser.parse(
                self.buffer.readableBytesUInt8Span, answering: method, into: &self.responseHead)
        }
        switch progress {
        case .incomplete: return false
        case .failed(let error):
            self.state.end = .failed(error)
            self.state.refusedFirstByte = held.first
            return false
        case .complete(let byteCount):
            let head: SeenMessage
            switch self.side {
            case .requests: head = seenRequest(self.requestHead, held)
            case .responses: head = seenResponse(self.responseHead, held)
            }
            self.decoder.begin(head.framing)
            self.current = head
            self.buffer.moveReaderIndex(forwardBy: byteCount)
            return true
        }
    }

    private func advanceBody() -> Bool {
        var offset = 0
        let held = self.buffer.array
        let step = self.decoder.next(self.buffer.readableBytesUInt8Span, at: &offset)
        switch step {
        case .data(let range):
            precondition(range.end <= held.count && !range.isEmpty && range.end == offset)
            self.current?.body += held.slice(range)
        case .needsMore: break
        case .finished:
            self.current?.trailers = seenFields(self.decoder.trailers, held)
            self.complete()
        case .failed(let error):
            self.state.end = .failed(error)
        }
        self.buffer.moveReaderIndex(forwardBy: offset)
        return step != .needsMore
    }

    private func complete() {
        guard let current = self.current else { return }
        self.state.messages.append(current)
        self.current = nil
        // One final response answers one request; what follows it is not ours to read.
        let isAnswered = if case .responses = self.side { !self.responseHead.isInterim } else { false }
        if !current.keepAlive || isAnswered { self.state.end = .closed }
    }
}

/// Reads `message` cut into pieces before each of `cuts`, then the end of the connection.
func read(
    _ message: [UInt8], _ side: ConnectionReader.Side = .requests, cuts: [Int] = [], limits: HeadLimits = HeadLimits(),
    body: BodyLimits = BodyLimits()
) -> SeenConnection {
    let reader = ConnectionReader(side, limits: limits, body: body)
    var start = 0
    for cut in cuts + [message.count] {
        reader.feed(message[start..<cut])
        start = cut
    }
    reader.finish()
    return reader.seen
}
