import TestKit
import Testing

@testable import Edge

@Suite struct EarlyReadTests {
    @Test func `a run that finds nothing is tried again until many have`() {
        var policy = EarlyReadPolicy()
        var runs = 0
        while policy.isWorthTrying() {
            policy.ended(hits: 0)
            runs += 1
            guard runs < 1_000 else { break }
        }
        #expect(runs == 16)
    }

    @Test func `where runs find nothing one chance in 256 is taken`() {
        var policy = EarlyReadPolicy()
        while policy.isWorthTrying() { policy.ended(hits: 0) }
        var taken = 0
        for _ in 0..<25_600 where policy.isWorthTrying() {
            policy.ended(hits: 0)
            taken += 1
        }
        #expect((99...101).contains(taken))
    }

    @Test func `one that finds something is worth four that do not`() {
        var policy = EarlyReadPolicy()
        while policy.isWorthTrying() { policy.ended(hits: 0) }
        while !policy.isWorthTrying() {}
        policy.ended(hits: 1)
        var runs = 0
        while runs < 100, policy.isWorthTrying() {
            policy.ended(hits: 0)
            runs += 1
        }
        #expect(runs == 4)
    }

    @Test func `a long time of finding much does not pay for a long time of finding nothing`() {
        var policy = EarlyReadPolicy()
        for _ in 0..<10_000 { policy.ended(hits: 20) }
        var runs = 0
        while runs < 1_000, policy.isWorthTrying() {
            policy.ended(hits: 0)
            runs += 1
        }
        #expect(runs == 64)
    }

    @Test func `a run in which nobody could be read from says nothing`() {
        var policy = EarlyReadPolicy()
        for _ in 0..<1_000 { policy.ended(hits: nil) }
        let isWorthTrying = policy.isWorthTrying()
        #expect(isWorthTrying)
    }

    /// Whole and chunked, small and larger than what is read at once, with bodies and without: whoever reads them, SwiftNIO
    /// or the end of the turn, the answers are the same.
    @Test func `answers that came while the loop was busy are read at the end of its turn, and are whole`() async throws
    {
        let large = String(repeating: "0123456789", count: 1_000)
        try await ScriptedUpstream.with({ seen in
            seen.target.hasSuffix("large") ? .ok(large) : .ok("\(seen.target) \(seen.body)")
        }) { upstream in
            try await TestEdge.with(upstreamPort: upstream.port) { edge in
                let clients = try (0..<32).map { _ in try edge.client() }
                var round = 0
                try await eventually("bytes were read early") {
                    round += 1
                    for (index, client) in clients.enumerated() {
                        let target = "/open/\(round)-\(index)" + (index.isMultiple(of: 5) ? "-large" : "")
                        let body = String(repeating: "b", count: index)
                        client.send("POST \(target) HTTP/1.1\r\nHost: a\r\nContent-Length: \(index)\r\n\r\n\(body)")
                        if index.isMultiple(of: 7) {
                            // Behind an answer that nobody has read yet.
                            client.send("GET /open/next HTTP/1.1\r\nHost: a\r\n\r\n")
                        }
                    }
                    for (index, client) in clients.enumerated() {
                        let target = "/open/\(round)-\(index)"
                        let body = String(repeating: "b", count: index)
                        let expected = index.isMultiple(of: 5) ? large : "\(target) \(body)"
                        #expect(client.response()?.text == expected)
                        if index.isMultiple(of: 7) { #expect(client.response()?.text == "/open/next ") }
                    }
                    return await edge.count("early_reads_total") > 100
                }
            }
        }
    }
}
