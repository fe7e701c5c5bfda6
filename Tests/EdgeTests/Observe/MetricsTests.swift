import Domain
import TestKit
import Testing

@testable import Edge

/// OB-4: who asks for what makes numbers rise, never their number.
@Suite(.serialized) struct MetricsTests {
    /// Names and labels of everything that is measured.
    private static func series(_ edge: TestEdge) async -> Set<String> {
        var series: Set<String> = []
        for family in await edge.server.metrics() {
            for sample in family.samples {
                series.insert(
                    "\(family.name){\(sample.labels.map { "\($0.name)=\($0.value)" }.joined(separator: ","))}")
            }
        }
        return series
    }

    @Test func `OB-4 random paths, methods, hosts and keys add no series`() async throws {
        let seed: UInt64 = 0x0B_0004
        var random = SplitMix64(seed: seed)
        try await ScriptedUpstream.with({ _ in .ok("x") }) { upstream in
            try await TestEdge.with(upstreamPort: upstream.port) { edge in
                let client = try edge.client()
                func word() -> String { String(random.next(), radix: 36) }
                func request(_ index: Int) -> String {
                    let methods = ["GET", "DELETE", "OPTIONS"]
                    let path = ["/open/\(word())", "/\(word())/\(word())", "/v1/\(word())"][index % 3]
                    return """
                        \(methods[index / 3 % 3]) \(path)?\(word())=\(word()) HTTP/1.1\r\nHost: \(word()).example\r\n\
                        User-Agent: \(word())\r\nX-API-Key: \(word())\(word())\r\n\r\n
                        """
                }
                for index in 0..<9 { #expect(client.exchange(request(index)) != nil) }
                let before = await Self.series(edge)
                for index in 0..<TestEffort.cases(1_000, full: 10_000) {
                    #expect(client.exchange(request(index)) != nil, "seed \(seed)")
                }
                let after = await Self.series(edge)
                #expect(after == before)
                #expect(after.contains("tollgate_requests_total{http_route=none,http_response_status_class=4xx}"))
            }
        }
    }

    @Test func `OB-3 a histogram's counts add up to the requests`() async throws {
        try await ScriptedUpstream.with { upstream in
            try await TestEdge.with(upstreamPort: upstream.port, threads: 2) { edge in
                for _ in 0..<10 { _ = try edge.exchange("GET /open/a HTTP/1.1\r\nHost: a\r\n\r\n") }
                let families = await edge.server.metrics()
                let durations = families.first { $0.name == "http_server_request_duration_seconds" }
                guard case .histogram(let bounds, let counts, let sum)? = durations?.samples.first?.value else {
                    Issue.record("no histogram")
                    return
                }
                #expect(counts.count == bounds.count + 1)
                #expect(counts.reduce(0, +) == 10)
                #expect(sum > 0)
                #expect(await edge.count("requests_total") == 10)
                #expect(await edge.count("connections_accepted_total") == 10)
            }
        }
    }

    @Test func `every name is a counter in total or says its unit`() async throws {
        try await ScriptedUpstream.with { upstream in
            try await TestEdge.with(upstreamPort: upstream.port) { edge in
                _ = try edge.exchange("GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n")
                let families = await edge.server.metrics()
                #expect(Set(families.map(\.name)).count == families.count)
                for family in families {
                    #expect(family.name.hasSuffix("_total") == (family.kind == .counter), "\(family.name)")
                    #expect(!family.help.isEmpty)
                }
                #expect(await edge.count("problems_total") == 1)
            }
        }
    }
}
