import HTTPWire
import NIOCore

/// Forwards one request as a gateway does: head rewritten, body in the framing of the new head.
/// Nil if `message` does not begin with a valid request and its whole body, or the request is a CONNECT, which a gateway
/// answers with 501.
func forwarded(_ message: [UInt8], dropping: FieldNameSet = []) -> [UInt8]? {
    var parser = RequestParser()
    var head = RequestHead()
    guard case .complete(var offset) = parser.parse(message.span, into: &head) else { return nil }
    guard head.method != .connect else { return nil }
    var out = ByteBuffer()
    out.writeRequestLine(head, of: message.span)
    if head.authority.whole.isEmpty {
        out.writeField("Host", "upstream.example")
    } else {
        out.writeField("Host", head.authority.whole, of: message.span)
    }
    out.writeRequestFields(head, of: message.span, dropping: dropping)
    let framing = out.endRequestHead(head.method, framing: head.framing, trailers: head.acceptsTrailers)
    var decoder = BodyDecoder()
    decoder.begin(head.framing)
    guard out.writeBody(&decoder, message.span, at: &offset, as: framing) == .finished else { return nil }
    if framing == .chunked {
        out.writeLastChunk(trailers: decoder.trailers, of: message.span, connection: head.connection)
    }
    return out.array
}

/// Forwards the head and the body of one response to a client of HTTP/1.`minorVersion`.
func forwardedResponse(_ message: [UInt8], answering method: Method, minorVersion: UInt8 = 1) -> [UInt8]? {
    var parser = ResponseParser()
    var head = ResponseHead()
    guard case .complete(var offset) = parser.parse(message.span, answering: method, into: &head) else { return nil }
    var out = ByteBuffer()
    out.writeStatusLine(head, of: message.span)
    out.writeFields(head.fields, of: message.span, connection: head.connection, dropping: [])
    let framing = out.endResponseHead(
        head.status, framing: head.framing, declaredLength: head.declaredLength, connection: .keepAlive,
        clientMinorVersion: minorVersion)
    var decoder = BodyDecoder()
    decoder.begin(head.framing)
    var step = out.writeBody(&decoder, message.span, at: &offset, as: framing)
    if step == .needsMore { step = decoder.connectionEnded() }
    guard step == .finished else { return nil }
    if framing == .chunked {
        out.writeLastChunk(trailers: decoder.trailers, of: message.span, connection: head.connection)
    }
    return out.array
}
