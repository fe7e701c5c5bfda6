/// Renders the fields that tell an upstream who called: `X-Forwarded-For/-Proto/-Host` and `Forwarded` (RFC 7239).
///
/// `received…` is the value that came from a trusted proxy, to be appended to; empty for any other peer. Host and scheme
/// come from a head that was parsed, so they hold no control bytes; one that does is left out all the same.
public enum ForwardedFields {
    /// Appends the value of `X-Forwarded-For`: what was received, then the connection's peer.
    public static func appendForwardedFor(peer: IPAddress, received: Span<UInt8>, to writer: inout HeadWriter) {
        if !received.isEmpty {
            writer.write(received)
            writer.write(", ")
        }
        peer.append(to: &writer)
    }

    /// Appends the value of `Forwarded`: what was received, then one element for this hop. An IPv6 node is quoted and
    /// bracketed, and whatever else is no token is quoted.
    public static func appendForwarded(
        peer: IPAddress, host: Span<UInt8>, scheme: Span<UInt8>, received: Span<UInt8>, to writer: inout HeadWriter
    ) {
        if !received.isEmpty {
            writer.write(received)
            writer.write(", ")
        }
        writer.write("for=")
        if peer.isIPv4 {
            peer.append(to: &writer)
        } else {
            writer.write("\"[")
            peer.append(to: &writer)
            writer.write("]\"")
        }
        self.appendPair(";host=", host, to: &writer)
        self.appendPair(";proto=", scheme, to: &writer)
    }

    /// Appends all four as HTTP/1.1 field lines, each with its CRLF. Host and proto lines are left out where empty.
    public static func appendLines(
        peer: IPAddress, host: Span<UInt8>, scheme: Span<UInt8>, receivedFor: Span<UInt8>,
        receivedForwarded: Span<UInt8>, to writer: inout HeadWriter
    ) {
        writer.write("Forwarded: ")
        self.appendForwarded(peer: peer, host: host, scheme: scheme, received: receivedForwarded, to: &writer)
        writer.write("\r\nX-Forwarded-For: ")
        self.appendForwardedFor(peer: peer, received: receivedFor, to: &writer)
        if self.isSafe(scheme) {
            writer.write("\r\nX-Forwarded-Proto: ")
            writer.write(scheme)
        }
        if self.isSafe(host) {
            writer.write("\r\nX-Forwarded-Host: ")
            writer.write(host)
        }
        writer.write("\r\n")
    }

    private static func appendPair(_ name: StaticString, _ value: Span<UInt8>, to writer: inout HeadWriter) {
        guard self.isSafe(value) else { return }
        writer.write(name)
        guard !self.isToken(value) else { return writer.write(value) }
        writer.write("\"")
        for index in 0..<value.count {
            if value[index] == UInt8(ascii: "\"") || value[index] == UInt8(ascii: "\\") { writer.write("\\") }
            writer.write(byte: value[index])
        }
        writer.write("\"")
    }

    private static func isToken(_ value: Span<UInt8>) -> Bool {
        for index in 0..<value.count where !value[index].isToken { return false }
        return true
    }

    private static func isSafe(_ value: Span<UInt8>) -> Bool {
        for index in 0..<value.count where !FieldOctets.isVisible(value[index]) { return false }
        return !value.isEmpty
    }
}
