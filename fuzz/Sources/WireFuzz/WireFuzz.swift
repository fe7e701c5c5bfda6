import HTTPWire
import NIOCore

/// libFuzzer's entry: the first byte chooses the side and the place of a cut, the rest is what the peer sent. A trap, or a
/// forwarded message that does not read back as one message, is a finding.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>, _ count: Int) -> Int32 {
    guard count > 1 else { return 0 }
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    let message = Array(input[1...])
    if input[0] & 1 == 0 { fuzzRequest(message, cut: Int(input[0] >> 1)) } else { fuzzResponse(message) }
    return 0
}

private func fuzzRequest(_ message: [UInt8], cut: Int) {
    var parser = RequestParser()
    var head = RequestHead()
    // First a part of the message, so that resuming is fuzzed too.
    if cut < message.count, parser.parse(message.span.extracting(0..<cut), into: &head) != .incomplete { return }
    guard case .complete(var offset) = parser.parse(message.span, into: &head), head.method != .connect else { return }
    var out = ByteBuffer()
    out.writeRequestLine(head, of: message.span)
    out.writeStaticString("Host: upstream.example\r\n")
    out.writeRequestFields(head, of: message.span, dropping: .reserved)
    let framing = out.endRequestHead(head.method, framing: head.framing, trailers: head.acceptsTrailers)
    var decoder = BodyDecoder()
    decoder.begin(head.framing)
    guard out.writeBody(&decoder, message.span, at: &offset, as: framing) == .finished else { return }
    if framing == .chunked {
        out.writeLastChunk(trailers: decoder.trailers, of: message.span, connection: head.connection)
    }
    expectOneRequest(out, head.method)
}

private func expectOneRequest(_ out: ByteBuffer, _ method: Method) {
    var parser = RequestParser(
        limits: HeadLimits(startLineBytesMax: 16 << 10, sectionBytesMax: 64 << 10, fieldsMax: 200))
    var head = RequestHead()
    guard case .complete(var offset) = parser.parse(out.readableBytesUInt8Span, into: &head) else {
        fatalError("a forwarded head does not read back")
    }
    var decoder = BodyDecoder()
    decoder.begin(head.framing)
    var step = decoder.next(out.readableBytesUInt8Span, at: &offset)
    while case .data = step { step = decoder.next(out.readableBytesUInt8Span, at: &offset) }
    guard step == .finished, offset == out.readableBytes, head.method == method else {
        fatalError("a forwarded request is not one request")
    }
}

private func fuzzResponse(_ message: [UInt8]) {
    var parser = ResponseParser()
    var head = ResponseHead()
    guard case .complete(var offset) = parser.parse(message.span, answering: .get, into: &head) else { return }
    var out = ByteBuffer()
    out.writeStatusLine(head, of: message.span)
    out.writeFields(head.fields, of: message.span, connection: head.connection, dropping: [])
    let framing = out.endResponseHead(
        head.status, framing: head.framing, declaredLength: head.declaredLength, connection: .keepAlive,
        clientMinorVersion: 1)
    var decoder = BodyDecoder()
    decoder.begin(head.framing)
    _ = out.writeBody(&decoder, message.span, at: &offset, as: framing)
    var again = ResponseHead()
    parser = ResponseParser(limits: HeadLimits(startLineBytesMax: 16 << 10, sectionBytesMax: 64 << 10, fieldsMax: 200))
    guard case .complete = parser.parse(out.readableBytesUInt8Span, answering: .get, into: &again),
        again.status == head.status
    else { fatalError("a forwarded response does not read back") }
}
