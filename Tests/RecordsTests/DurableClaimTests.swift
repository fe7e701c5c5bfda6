import Domain
import PostgresClient
import TestKit
import Testing

@testable import Records

/// The arbiter of durable idempotency keys: one claim a key over all partitions, results, leases, retention by day.
@Suite struct DurableClaimTests {
    private static let dayMs = 86_400_000

    private static func claim(
        _ key: String = "k", org: String = "org_1", apiKey: String = "", fingerprint: Int = 1, owner: Int = 1,
        keepMs: Int = Self.dayMs, claimMs: Int = 60_000, mayRepeat: Bool = false
    ) -> DurableClaim {
        func hex(_ number: Int) -> [UInt8] {
            let digits = String(number, radix: 16)
            return Array((String(repeating: "0", count: 64 - digits.count) + digits).utf8)
        }
        return DurableClaim(
            orgID: org, environment: .live, apiKeyID: apiKey,
            request: ClaimRequest(
                keyDigest: Array((String(repeating: "a", count: 40) + key).utf8), fingerprint: hex(fingerprint),
                owner: Array("\(owner)".utf8), requestID: Array("req_\(owner)".utf8)),
            claimMs: claimMs, keepMs: keepMs, mayRepeat: mayRepeat)
    }

    private static let result = StoredResult.response(status: 201, headers: Array("A: b\r\n".utf8), body: [0, 255, 10])

    @Test func `the first claim is granted, the same attempt again too, others hear what stands`() async throws {
        let claims = DurableClaims(try await freshRecords())
        let first = Array("req_1".utf8)
        #expect(try await claims.claim([Self.claim()]) == [.claimed])
        #expect(try await claims.claim([Self.claim()]) == [.claimed], "an answer that was lost is given again")
        #expect(
            try await claims.claim([
                Self.claim(owner: 2), Self.claim(fingerprint: 9, owner: 3), Self.claim("other", owner: 4),
                Self.claim(org: "org_2", owner: 5), Self.claim(apiKey: "key_1", owner: 6),
                Self.claim("other", owner: 7),
            ]) == [
                .inProgress(first: first), .keyReused(first: first), .claimed, .claimed, .claimed,
                .inProgress(first: Array("req_4".utf8)),
            ])
        #expect(try await claims.settle([.init(claim: Self.claim(owner: 2), ending: .store(Self.result))]) == 0)
        #expect(try await claims.settle([.init(claim: Self.claim(), ending: .store(Self.result))]) == 1)
        #expect(try await claims.settle([.init(claim: Self.claim(), ending: .release)]) == 0, "it is done")
        #expect(
            try await claims.claim([Self.claim(owner: 2), Self.claim(fingerprint: 9, owner: 3)]) == [
                .finished(Self.result, first: first), .keyReused(first: first),
            ])
    }

    @Test(arguments: [
        StoredResult.response(status: 204, headers: [], body: []),
        .unreplayable(status: 200, length: 5_000_000, sha256: Array("abc".utf8)),
        .failure(status: 502, slug: "upstream-truncated"),
    ])
    func `every kind of result comes back as it was`(_ result: StoredResult) async throws {
        let claims = DurableClaims(try await freshRecords())
        #expect(try await claims.claim([Self.claim()]) == [.claimed])
        #expect(try await claims.settle([.init(claim: Self.claim(), ending: .store(result))]) == 1)
        #expect(try await claims.claim([Self.claim(owner: 2)]) == [.finished(result, first: Array("req_1".utf8))])
    }

    @Test func `a released key is free; a lease that ran out is unknown, or taken over where that is safe`()
        async throws
    {
        let claims = DurableClaims(try await freshRecords())
        let first = Array("req_1".utf8)
        #expect(try await claims.claim([Self.claim()]) == [.claimed])
        #expect(try await claims.settle([.init(claim: Self.claim(), ending: .release)]) == 1)
        #expect(try await claims.claim([Self.claim(claimMs: 0)]) == [.claimed])
        #expect(try await claims.claim([Self.claim(owner: 2)]) == [.outcomeUnknown(first: first)])
        #expect(try await claims.settle([.init(claim: Self.claim(), ending: .prolong)]) == 1)
        #expect(try await claims.claim([Self.claim(owner: 2, mayRepeat: true)]) == [.inProgress(first: first)])
        #expect(try await claims.settle([.init(claim: Self.claim(claimMs: 0), ending: .prolong)]) == 1)
        #expect(try await claims.claim([Self.claim(owner: 2, mayRepeat: true)]) == [.claimed])
        #expect(try await claims.settle([.init(claim: Self.claim(), ending: .store(Self.result))]) == 0, "not its own")
        #expect(try await claims.settle([.init(claim: Self.claim(owner: 2), ending: .store(Self.result))]) == 1)
    }

    @Test func `one key has one claim over all partitions, whatever its routes' retention`() async throws {
        let claims = DurableClaims(try await freshRecords())
        for owner in 1...3 {
            let verdict = try await claims.claim([Self.claim(owner: owner, keepMs: owner * Self.dayMs)])
            #expect((verdict == [.claimed]) == (owner == 1))
        }
        // Ten days are further than partitions were made ahead: the claim makes its own.
        #expect(try await claims.claim([Self.claim("far", keepMs: 10 * Self.dayMs)]) == [.claimed])
        #expect(try await claims.claim([Self.claim("far", owner: 2)]) == [.inProgress(first: Array("req_1".utf8))])
    }

    @Test func `a thousand claims of few keys, in batches over many connections, grant each key once`() async throws {
        let claims = DurableClaims(try await freshRecords(connectionsMax: 6))
        let granted = try await withThrowingTaskGroup(of: [String].self) { group in
            for task in 0..<20 {
                group.addTask {
                    // Each in another order of keys, so that locks would meet.
                    let batch = (0..<50).map { index in
                        Self.claim("\((index * 7 + task * 3) % 10)", owner: task * 100 + index + 1)
                    }
                    let verdicts = try await claims.claim(batch)
                    return zip(batch, verdicts).filter { $0.1 == .claimed }.map { "\($0.0.request.keyDigest)" }
                }
            }
            return try await group.reduce(into: [String]()) { $0 += $1 }
        }
        #expect(granted.count == 10)
        #expect(Set(granted).count == 10)
    }

    @Test func `a key past its retention runs afresh, and its day is dropped whole`() async throws {
        let pool = try await freshRecords()
        let claims = DurableClaims(pool)
        #expect(try await claims.claim([Self.claim(keepMs: 1)]) == [.claimed])
        try await eventually("its end") { try await claims.claim([Self.claim(owner: 2)]) == [.claimed] }
        // Yesterday's partition, with a row in it.
        try await pool.query(
            """
            DO $$ DECLARE day date := (now() AT TIME ZONE 'UTC')::date - 1; part text; BEGIN
                part := 'idempotency_keys_' || to_char(day, 'YYYYMMDD');
                EXECUTE format('CREATE TABLE %I PARTITION OF idempotency_keys FOR VALUES FROM (%L) TO (%L)', part,
                    day::timestamp AT TIME ZONE 'UTC', (day + 1)::timestamp AT TIME ZONE 'UTC');
                INSERT INTO idempotency_keys (org_id, environment, key, fingerprint, state, created_at, expires_at)
                VALUES ('org_1', 'live', 'old', sha256('x'), 'running', now() - interval '3 days',
                    (day + 1)::timestamp AT TIME ZONE 'UTC' - interval '1 second');
            END $$
            """)
        let days = try await pool.number(
            "SELECT count(*) FROM pg_inherits WHERE inhparent = 'idempotency_keys'::regclass")
        #expect(try await claims.retire() == 1)
        #expect(try await claims.retire() == 0)
        #expect(try await pool.number("SELECT count(*) FROM idempotency_keys WHERE key = 'old'") == 0)
        #expect(
            try await pool.number("SELECT count(*) FROM pg_inherits WHERE inhparent = 'idempotency_keys'::regclass")
                == days - 1)
        #expect(try await claims.prepare(untilMs: 9 * Self.dayMs) > 0)
        #expect(try await claims.prepare(untilMs: 9 * Self.dayMs) == 0)
    }

    @Test func `operators find and forget a key by what the client sent, unless it runs`() async throws {
        let pool = try await freshRecords()
        let claims = DurableClaims(pool)
        // SHA-256 of "k".
        var claim = Self.claim()
        claim.request.keyDigest = Array("8254c329a92850f6d539dd376f4816ee2764517da5e0235514af433164480d7a".utf8)
        #expect(try await claims.claim([claim]) == [.claimed])
        let keys = IdempotencyKeys(pool)
        #expect(try await keys.find("k", of: "org_1", .live)?.state == "running")
        #expect(try await !keys.expire("k", of: "org_1", .live))
        #expect(try await claims.settle([.init(claim: claim, ending: .store(Self.result))]) == 1)
        #expect(try await keys.find("k", of: "org_1", .live)?.responseBytes == 3)
        #expect(try await keys.find("k", of: "org_1", .live, apiKeyID: "key_1") == nil)
        #expect(try await keys.expire("k", of: "org_1", .live))
        #expect(try await claims.claim([claim]) == [.claimed])
    }
}
