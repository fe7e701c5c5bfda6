import Digests
import Domain
import HTTPWire
import NIOCore

/// A principal as one loop remembers it, with what was made ready for its requests: the identity header bytes and, per
/// route, the gate's verdict and the encoded admission call.
final class PrincipalEntry {
    let principal: Principal
    let digest: SHA256Digest
    /// Unix milliseconds of the last admission, and whether it waits to be reported.
    var lastUsedMs = 0
    var isTouched = false
    /// `X-Tollgate-*` fields, ready to be copied into a forwarded head.
    let identityFields: ByteBuffer
    /// Networks that the key may be used from; none means anywhere.
    private let networks: [CIDRBlock]
    /// By route index, made on first use.
    private var grants: [RouteGrant?]

    init(_ principal: Principal, digest: SHA256Digest, routes: Int) {
        self.principal = principal
        self.digest = digest
        self.grants = Array(repeating: nil, count: routes)
        var fields = ByteBuffer()
        func write(_ name: String, _ value: String) {
            // Ids and plan codes are checked when records are made; a value that could split a header is left out.
            guard !value.isEmpty, value.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else { return }
            fields.writeString("\(name): \(value)\r\n")
        }
        write("X-Tollgate-Org", principal.org.orgID)
        write("X-Tollgate-Key", principal.key.keyID)
        write("X-Tollgate-User", principal.key.userID ?? "")
        write("X-Tollgate-Environment", principal.key.environment.rawValue)
        write("X-Tollgate-Plan", principal.org.plan)
        self.identityFields = fields
        self.networks = principal.key.allowedAddresses.compactMap { CIDRBlock($0) }
    }

    /// Whether the key may be used from an address. Networks that cannot be read let nobody through.
    func mayBeUsed(from address: IPAddress) -> Bool {
        self.principal.key.allowedAddresses.isEmpty || self.networks.contains { $0.contains(address) }
    }

    func grant(for route: CompiledRoute, in loop: EdgeLoop) -> RouteGrant {
        guard route.index < self.grants.count else { return RouteGrant(self.principal, route: route, loop: loop) }
        if let grant = self.grants[route.index] { return grant }
        let grant = RouteGrant(self.principal, route: route, loop: loop)
        self.grants[route.index] = grant
        return grant
    }
}
