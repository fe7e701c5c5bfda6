public import NIOCore

/// Renders the fields that tell an upstream who called: `X-Forwarded-For/-Proto/-Host` and `Forwarded` (RFC 7239).
///
/// `received…` is the value that came from a trusted proxy, to be appended to; empty for any other peer. Host and scheme
/// come from a head that was parsed, so they hold no control bytes; one that does is left out all the same.
public enum ForwardedFields {
    /// Appends the value of `X-Forwarded-For`: what was received, then the connection's peer.
    public static func appendForwardedFor(peer: IPAddress, received: Span<UInt8>, to buffer: inout ByteBuffer) {
        if !received.isEmpty {
            buffer.writeBytes(received.bytes)
            buffer.writeStaticString(", ")
        }
        peer.append(to: &buffer)
    }

    /// Appends the value of `Forwarded`: what was received, then one element for this hop. An IPv6 node is quoted and
    /// bracketed, and whatever else is no token is quoted.
    public static func appendForwarded(
        peer: IPAddress, host: Span<UInt8>, scheme: Span<UInt8>, received: Span<UInt8>, to buffer: inout ByteBuffer
    ) {
        if !received.isEmpty {
            buffer.writeBytes(received.bytes)
            buffer.writeStaticString(", ")
        }
        buffer.writeStaticString("for=")
        if peer.isIPv4 {
            peer.append(to: &buffer)
        } else {
            buffer.writeStaticString("\"[")
            peer.append(to: &buffer)
            buffer.writeStaticString("]\"")
        }
        self.appendPair(";host=", host, to: &buffer)
        self.appendPair(";proto=", scheme, to: &buffer)
    }

    /// Appends all four as HTTP/1.1 field lines, each with its CRLF. Host and proto lines are left out where empty.
    public static func appendLines(
        peer: IPAddress, host: Span<UInt8>, scheme: Span<UInt8>, receivedFor: Span<UInt8>,
        receivedForwarded: Span<UInt8>, to buffer: inout ByteBuffer
    ) {
        buffer.writeStaticString("Forwarded: ")
        self.appendForwarded(peer: peer, host: host, scheme: scheme, received: receivedForwarded, to: &buffer)
        buffer.writeStaticString("\r\nX-Forwarded-For: ")
        self.appendForwardedFor(peer: peer, received: receivedFor, to: &buffer)
        if self.isSafe(scheme) {
            buffer.writeStaticString("\r\nX-Forwarded-Proto: ")
            buffer.writeBytes(scheme.bytes)
        }
        if self.isSafe(host) {
            buffer.writeStaticString("\r\nX-Forwarded-Host: ")
            buffer.writeBytes(host.bytes)
        }
        buffer.writeStaticString("\r\n")
    }

    private static func appendPair(_ name: StaticString, _ value: Span<UInt8>, to buffer: inout ByteBuffer) {
        guard self.isSafe(value) else { return }
        buffer.writeStaticString(name)
        var isToken = true
        for index in 0..<value.count where !FieldOctets.isTokenByte(value[index]) { isToken = false }
        if isToken {
            buffer.writeBytes(value.bytes)
            return
        }
        buffer.writeInteger(UInt8(ascii: "\""))
        for index in 0..<value.count {
            if value[index] == UInt8(ascii: "\"") || value[index] == UInt8(ascii: "\\") {
                buffer.writeInteger(UInt8(ascii: "\\"))
            }
            buffer.writeInteger(value[index])
        }
        buffer.writeInteger(UInt8(ascii: "\""))
    }

    private static func isSafe(_ value: Span<UInt8>) -> Bool {
        for index in 0..<value.count where !FieldOctets.isVisible(value[index]) { return false }
        return !value.isEmpty
    }
}
