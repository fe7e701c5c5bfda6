/// Finds the client's address: the rightmost one that is not a trusted proxy's.
///
/// The connection's peer is the last hop. While the hop in hand is a trusted proxy, what it wrote at the right end of
/// `X-Forwarded-For` is believed and becomes the hop in hand. The first hop that is not trusted is the client; whatever
/// stands left of it, a client may have made up (PX-10).
public struct ForwardedFor: Sendable {
    /// The client's address, as far as lines were given.
    public private(set) var client: IPAddress
    private let trusted: [CIDRBlock]
    private var isSettled: Bool

    /// Starts from the connection's peer.
    public init(peer: IPAddress, trusted: [CIDRBlock]) {
        self.client = peer
        self.trusted = trusted
        self.isSettled = !trusted.contains { $0.contains(peer) }
    }

    /// Whether the peer was a trusted proxy, whose forwarding fields are kept and appended to; ask before the first line.
    /// From any other peer they are dropped.
    public var believesPeer: Bool { !self.isSettled }

    /// Reads one `X-Forwarded-For` line. With several, give the last one first.
    ///
    /// Entries are addresses, also with a port (`192.0.2.1:4711`, `[2001:db8::1]:443`). At anything else, `unknown` for
    /// instance, the walk ends: the proxy that wrote it vouches for nobody further left.
    public mutating func readLine(_ value: Span<UInt8>) {
        var end = value.count
        while !self.isSettled, end >= 0 {
            var start = end
            while start > 0, value[start - 1] != UInt8(ascii: ",") { start -= 1 }
            let entry = FieldOctets.trimmed(value, start..<end)
            end = start - 1
            // An empty list element is no hop (RFC 9110 §5.6.1.2).
            guard !entry.isEmpty else { continue }
            guard let address = Self.address(value, entry) else {
                self.isSettled = true
                return
            }
            self.client = address
            self.isSettled = !self.trusted.contains { $0.contains(address) }
        }
    }

    private static func address(_ value: Span<UInt8>, _ entry: Range<Int>) -> IPAddress? {
        if value[entry.lowerBound] == UInt8(ascii: "[") {
            let close = FieldOctets.position(
                of: UInt8(ascii: "]"), in: value, from: entry.lowerBound, to: entry.upperBound)
            guard close < entry.upperBound, self.isPort(value, (close + 1)..<entry.upperBound),
                let address = IPAddress(value, (entry.lowerBound + 1)..<close)
            else { return nil }
            return address
        }
        if let address = IPAddress(value, entry) { return address }
        let colon = FieldOctets.position(of: UInt8(ascii: ":"), in: value, from: entry.lowerBound, to: entry.upperBound)
        guard self.isPort(value, colon..<entry.upperBound), let address = IPAddress(value, entry.lowerBound..<colon)
        else { return nil }
        return address.isIPv4 ? address : nil
    }

    /// Nothing, or a colon and 1–5 digits.
    private static func isPort(_ value: Span<UInt8>, _ range: Range<Int>) -> Bool {
        guard !range.isEmpty else { return true }
        guard value[range.lowerBound] == UInt8(ascii: ":"), range.count >= 2, range.count <= 6 else { return false }
        for index in range.dropFirst() where !FieldOctets.isDigit(value[index]) { return false }
        return true
    }
}
