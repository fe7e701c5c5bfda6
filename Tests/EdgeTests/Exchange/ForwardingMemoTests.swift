import HTTPWire
import NIOCore
import Testing

@testable import Edge

/// Forwarding fields are written once for a connection, as long as its requests name one host.
@Suite struct ForwardingMemoTests {
    private static func memo(_ host: String, minorVersion: UInt8 = 1) -> ForwardingMemo {
        var memo = ForwardingMemo()
        memo.keep(host: host.utf8.span, minorVersion: minorVersion) { writer in
            writer.write(minorVersion == 1 ? "Via: 1.1 tollgate\r\n" : "Via: 1.0 tollgate\r\n")
            ForwardedFields.appendLines(
                peer: IPAddress(ipv4: 0x7F00_0001), host: host.utf8.span, scheme: "http".utf8.span,
                receivedFor: Span(), receivedForwarded: Span(), to: &writer)
        }
        return memo
    }

    private static func fits(_ memo: ForwardingMemo, _ host: String, minorVersion: UInt8 = 1) -> Bool {
        memo.fit(host: host.utf8.span, minorVersion: minorVersion)
    }

    @Test(arguments: ["a", "api.example.com", "api.example.com:8080", "[::1]:80"])
    func `they fit a request for the same host and version only`(host: String) {
        let memo = Self.memo(host)
        #expect(Self.fits(memo, host))
        #expect(!Self.fits(memo, host, minorVersion: 0))
        for other in ["", "b", host + "x", "x" + host, host.uppercased() + ".", String(host.dropLast()) + "~"] {
            #expect(!Self.fits(memo, other), "\(other)")
        }
        #expect(String(buffer: memo.lines).hasSuffix("X-Forwarded-Host: \(host)\r\n"))
    }

    @Test func `without a host line they fit nothing`() {
        for host in ["", "a b", "a\r\nX-Tollgate-Org: b"] {
            let memo = Self.memo(host)
            #expect(!Self.fits(memo, host))
            #expect(!Self.fits(memo, "http"))
        }
        #expect(!Self.fits(ForwardingMemo(), "", minorVersion: 0))
    }
}
