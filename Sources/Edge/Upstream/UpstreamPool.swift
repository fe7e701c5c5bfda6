import Domain
import NIOCore

/// One loop's view of an upstream: its endpoints, taken in turn, those with an idle connection first and those that
/// just refused connections last.
final class UpstreamPool {
    let name: String
    let upstream: Upstream
    let endpoints: [UpstreamEndpoint]
    /// `Host` for routes that do not preserve the client's: the first endpoint's.
    let hostField: ByteBuffer
    private var next = 0

    init(_ upstream: Upstream, loop: EdgeLoop) {
        self.name = upstream.name
        self.upstream = upstream
        let first = upstream.endpoints.first
        self.hostField = ByteBuffer(string: first.map { $0.port == 80 ? $0.host : $0.description } ?? upstream.name)
        self.endpoints = upstream.endpoints.map { UpstreamEndpoint(address: $0, upstream: upstream, loop: loop) }
    }

    /// Connections to all endpoints, and requests that wait for one.
    var usage: (connections: Int, waiters: Int) {
        self.endpoints.reduce(into: (0, 0)) { sum, endpoint in
            sum.0 += endpoint.openConnections
            sum.1 += endpoint.waiters
        }
    }

    /// The endpoint for the next attempt of a request; `avoiding` is where the last one failed.
    func pick(avoiding: UpstreamEndpoint?, nowMs: Int) -> UpstreamEndpoint? {
        if self.endpoints.count == 1 { return self.endpoints[0] }
        guard !self.endpoints.isEmpty else { return nil }
        self.next = (self.next + 1) % self.endpoints.count
        var fallback: UpstreamEndpoint?
        for offset in 0..<self.endpoints.count {
            let endpoint = self.endpoints[(self.next + offset) % self.endpoints.count]
            if endpoint === avoiding { continue }
            if !endpoint.isEjected(nowMs: nowMs) { return endpoint }
            if fallback == nil { fallback = endpoint }
        }
        return fallback ?? self.endpoints[self.next]
    }

    func sweep(nowMs: Int) {
        for endpoint in self.endpoints { endpoint.sweep(nowMs: nowMs) }
    }

    func close() {
        for endpoint in self.endpoints { endpoint.close() }
    }
}
