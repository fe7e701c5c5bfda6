import Domain
import PostgresClient
import Records
import TestKit
import Testing

@testable import Workers

/// Durable keys are forgotten by the day: a partition that is over is dropped whole, and no row is ever deleted for it.
struct KeyRetentionTests {
    private static func parts(_ world: WorkerWorld) async throws -> [String] {
        try await world.pool.query(
            """
            SELECT c.relname::text AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
            WHERE i.inhparent = 'idempotency_keys'::regclass ORDER BY 1
            """
        ).map { try $0["name", as: String.self] }
    }

    /// The name of the partition of a day from today.
    private static func name(_ world: WorkerWorld, day: Int) async throws -> String {
        try await world.pool.query(
            """
            SELECT 'idempotency_keys_' || to_char((now() AT TIME ZONE 'UTC')::date + \(day)::integer, 'YYYYMMDD') AS name
            """
        ).only()["name"]
    }

    @Test func `run makes the days to come and drops those that are over whole, without deleting a row`() async throws {
        let world = try await WorkerWorld.make()
        // The last two days with a thousand keys each, as they were left; and what would stop a row delete.
        try await world.pool.query(
            """
            DO $$ DECLARE day date; part text; BEGIN
                FOR back IN 1..2 LOOP
                    day := (now() AT TIME ZONE 'UTC')::date - back;
                    part := 'idempotency_keys_' || to_char(day, 'YYYYMMDD');
                    EXECUTE format('CREATE TABLE %I PARTITION OF idempotency_keys FOR VALUES FROM (%L) TO (%L)', part,
                        day::timestamp AT TIME ZONE 'UTC', (day + 1)::timestamp AT TIME ZONE 'UTC');
                    INSERT INTO idempotency_keys (org_id, environment, key, fingerprint, state, response_status,
                        response_head, response, created_at, expires_at)
                    SELECT 'org_1', 'live', 'old' || n, sha256('x'), 'completed', 200, '', '', now() - interval '9 days',
                        (day + 1)::timestamp AT TIME ZONE 'UTC' - interval '1 second'
                    FROM generate_series(1, 1000) n;
                END LOOP;
                CREATE FUNCTION refuse_delete() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''a row delete''; END';
                CREATE TRIGGER refuse_delete BEFORE DELETE ON idempotency_keys FOR EACH ROW EXECUTE FUNCTION refuse_delete();
            END $$
            """)
        let claims = DurableClaims(world.pool)
        let claim = DurableClaim(
            orgID: "org_1", environment: .live, apiKeyID: "",
            request: ClaimRequest(
                keyDigest: Array("fresh".utf8), fingerprint: Array(String(repeating: "a", count: 64).utf8),
                owner: Array("1".utf8), requestID: Array("req_1".utf8)),
            claimMs: 60_000, keepMs: 3_600_000, mayRepeat: false)
        #expect(try await claims.claim([claim]) == [.claimed])
        let before = try await Self.parts(world)
        let retention = KeyRetention(
            pool: world.pool, keepMs: 9 * 86_400_000, counters: world.counters, logger: world.logger)
        try await running(retention) {
            try await eventually("two days are dropped") { world.counters.value(.keyPartitionsDropped) == 2 }
        }
        let after = try await Self.parts(world)
        for day in 1...2 {
            let over = try await Self.name(world, day: -day)
            #expect(before.contains(over))
            #expect(!after.contains(over))
            let gone = try await world.pool.query("SELECT to_regclass(\(over)) IS NULL AS gone").only()[
                "gone", as: Bool.self]
            #expect(gone, "the table itself, not only its rows")
        }
        #expect(after.contains(try await Self.name(world, day: 9)), "the longest ttl")
        #expect(after.contains(try await Self.name(world, day: 11)), "and two days for absent workers")
        let keys = try await world.pool.query("SELECT key FROM idempotency_keys").map { try $0["key", as: String.self] }
        #expect(keys == ["fresh"])
        await world.close()
    }

    @Test func `a partition that somebody holds is dropped later, and claims go on meanwhile`() async throws {
        let world = try await WorkerWorld.make()
        let over = try await Self.name(world, day: -1)
        try await world.pool.query(
            """
            DO $$ DECLARE day date := (now() AT TIME ZONE 'UTC')::date - 1; BEGIN
                EXECUTE format('CREATE TABLE %I PARTITION OF idempotency_keys FOR VALUES FROM (%L) TO (%L)',
                    'idempotency_keys_' || to_char(day, 'YYYYMMDD'),
                    day::timestamp AT TIME ZONE 'UTC', (day + 1)::timestamp AT TIME ZONE 'UTC');
            END $$
            """)
        let retention = KeyRetention(
            pool: world.pool, keepMs: 86_400_000, counters: world.counters, logger: world.logger)
        try await world.pool.withTransaction { session in
            try await session.query("SELECT 1 FROM \(identifier: over)")
            await #expect(throws: PostgresError.self) { try await retention.keep() }
        }
        try await retention.keep()
        #expect(try await !Self.parts(world).contains(over))
        await world.close()
    }
}
