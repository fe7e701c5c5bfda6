import Glibc
import HTTPWire
import NIOCore

/// The forwarding fields of a connection's last request. Peer, scheme and the gateway's own name are the connection's, so
/// that a request which names the same host has the same fields, and hardly a connection ever names another.
struct ForwardingMemo {
    /// The last of them is `X-Forwarded-Host`, which is compared.
    private(set) var lines = ByteBuffer()
    private var hostCount = -1
    private var minorVersion: UInt8 = 0

    /// With a longer host the fields are not kept.
    static let hostBytesMax = 128

    /// Whether `lines` are those of a request for `host`.
    func fit(host: Span<UInt8>, minorVersion: UInt8) -> Bool {
        host.count == self.hostCount && minorVersion == self.minorVersion && self.endIn(host)
    }

    /// Keeps the lines that `write` appends for a request that names `host`.
    mutating func keep(host: Span<UInt8>, minorVersion: UInt8, write: (inout HeadWriter) -> Void) {
        self.lines.clear()
        var writer = HeadWriter(&self.lines, room: 256)
        write(&writer)
        writer.finish(&self.lines)
        // One that may not stand in a field has no line: such lines fit nothing.
        self.hostCount = self.endIn(host) ? host.count : -1
        self.minorVersion = minorVersion
    }

    private func endIn(_ host: Span<UInt8>) -> Bool {
        let end = self.lines.readableBytes - 2
        guard host.count > 0, host.count <= end else { return false }
        let kept = self.lines.readableBytesUInt8Span.extracting((end - host.count)..<end)
        return host.withUnsafeBytes { host in
            kept.withUnsafeBytes { kept in
                guard let left = host.baseAddress, let right = kept.baseAddress else { return false }
                return memcmp(left, right, host.count) == 0
            }
        }
    }
}
