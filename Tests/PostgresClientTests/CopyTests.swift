import PostgresClient
import TestKit
import Testing

@Suite struct `COPY` {
    @Test func `a hundred thousand rows arrive complete, with every awkward character`() async throws {
        let pool = try await freshPool()
        try await pool.query("CREATE TABLE t (id bigint PRIMARY KEY, name text, ok boolean, blob bytea)")
        let awkward = ["a\tb", "c\nd", "e\\f", "\\N", "g\rh", "", "\\.", "ü\u{1F600}"]
        let loaded = try await pool.withSession { session in
            try await session.copy(into: "t", columns: ["id", "name", "ok", "blob"]) { writer in
                for id in 0..<100_000 {
                    writer.append(id)
                    writer.append(id % 10 == 9 ? nil : awkward[id % awkward.count])
                    writer.append(id % 2 == 0)
                    writer.append([0, UInt8(id % 256), 0x5C])
                    try writer.endRow()
                }
            }
        }
        #expect(loaded == 100_000)
        let counts = try await pool.query("SELECT count(*) AS n, count(name) AS named, sum(id)::bigint AS sum FROM t")
            .only()
        #expect(try counts["n"] == 100_000)
        #expect(try counts["named"] == 90_000)
        #expect(try counts["sum"] == 4_999_950_000)
        let rows = try await pool.query("SELECT id, name, ok, blob FROM t WHERE id BETWEEN 1000 AND 1100 ORDER BY id")
        #expect(rows.count == 101)
        for row in rows {
            let id: Int = try row["id"]
            #expect(try row["name", as: String?.self] == (id % 10 == 9 ? nil : awkward[id % awkward.count]))
            #expect(try row["ok"] == (id % 2 == 0))
            #expect(try row["blob"] == [0, UInt8(id % 256), 0x5C])
        }
    }

    @Test func `an error on either side leaves no row and a usable connection`() async throws {
        struct Refusal: Error {}
        let pool = try await freshPool(connectionsMax: 1)
        try await pool.query("CREATE TABLE t (id bigint PRIMARY KEY)")
        try await pool.withSession { session in
            let twice = await postgresError {
                try await session.copy(into: "t", columns: ["id"]) { writer in
                    for _ in 0..<20_000 {
                        writer.append(1)
                        try writer.endRow()
                    }
                }
            }
            #expect(twice?.source == .constraint)
            let stopped = await postgresError {
                try await session.copy(into: "t", columns: ["id"]) { writer in
                    writer.append(1)
                    try writer.endRow()
                    throw Refusal()
                }
            }
            #expect(stopped?.message.contains("Refusal") == true)
            let ragged = await postgresError {
                try await session.copy(into: "t", columns: ["id"]) { writer in
                    writer.append(1)
                    writer.append(2)
                    try writer.endRow()
                }
            }
            #expect(ragged?.source == .misuse)
            #expect(
                await postgresError { try await session.copy(into: "nil", columns: ["a"]) { _ in } }?.sqlState
                    == "42P01")
            let kept = try await session.query("SELECT id FROM t")
            #expect(kept.isEmpty)
        }
    }

    @Test func `a cancelled load stops and keeps nothing`() async throws {
        let pool = try await freshPool()
        try await pool.query("CREATE TABLE t (id bigint)")
        let (started, signal) = AsyncStream.makeStream(of: Void.self)
        let task = Task {
            await postgresError {
                try await pool.withSession { session in
                    try await session.copy(into: "t", columns: ["id"]) { writer in
                        while true {
                            writer.append(1)
                            try writer.endRow()
                            if writer.rows == 50_000 { signal.yield() }
                        }
                    }
                }
            }
        }
        for await _ in started { break }
        task.cancel()
        #expect(await task.value?.source == .cancelled)
        #expect(try await pool.query("SELECT id FROM t").isEmpty)
    }
}
