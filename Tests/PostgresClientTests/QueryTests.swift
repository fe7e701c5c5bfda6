import PostgresClient
import TestKit
import Testing

@Suite struct `Statements` {
    @Test func `interpolated values become numbered parameters`() {
        let org = "org_1"
        let part: PostgresQuery = "plan = \("FREE") AND seats > \(3)"
        let query: PostgresQuery = "SELECT * FROM \(identifier: "or\"gs") WHERE id = \(org) AND \(part) LIMIT \(10)"
        #expect(query.sql == "SELECT * FROM \"or\"\"gs\" WHERE id = $1 AND plan = $2 AND seats > $3 LIMIT $4")
        #expect(query.parameters.count == 4)
        #expect(("SELECT \(1)" as PostgresQuery) + " + \(2)" == "SELECT \(1) + \(2)")
        #expect("\(query)" == query.sql)
    }

    @Test(arguments: [
        "'; DROP TABLE victims; --", "' OR '1'='1", "\\'; DROP TABLE victims; --", "$1", "\"; SELECT 1", "/* */",
        "\u{2019}; DROP", "'||(SELECT pg_sleep(9))||'",
    ])
    func `hostile text stays text`(input: String) async throws {
        let pool = try await freshPool()
        try await pool.query("CREATE TABLE victims (name text)")
        try await pool.query("INSERT INTO victims VALUES (\(input)), ('other')")
        let found = try await pool.query("SELECT name FROM victims WHERE name = \(input)")
        #expect(try found.map { try $0["name", as: String.self] } == [input])
        try await pool.withSession { session in
            try await session.query("CREATE TEMP TABLE \(identifier: input) (a int)")
            try await session.copy(into: input, columns: ["a"]) { writer in
                writer.append(1)
                try writer.endRow()
            }
            #expect(try await session.query("SELECT a FROM \(identifier: input)").count == 1)
        }
    }

    @Test func `a zero character is refused instead of cutting the value short`() async throws {
        let pool = try await freshPool()
        let error = await postgresError { try await pool.query("SELECT \("safe\0; evil")::text") }
        #expect(error?.source == .data)
        #expect(await postgresError { try await pool.query("SELECT \(["a\0b"])") }?.source == .data)
    }

    @Test func `two statements in one query are refused`() async throws {
        let error = await postgresError { try await freshPool().query("SELECT 1; SELECT 2") }
        #expect(error?.sqlState == "42601")
    }

    @Test func `affected rows are counted`() async throws {
        let pool = try await freshPool()
        try await pool.query("CREATE TABLE t AS SELECT generate_series(1, 10) AS n")
        #expect(try await pool.query("UPDATE t SET n = n + 1 WHERE n > \(4)").affected == 6)
        #expect(try await pool.query("DELETE FROM t WHERE n = ANY(\([1, 2]))").affected == 2)
        #expect(try await pool.query("SELECT n FROM t").affected == 8)
    }

    @Test func `an error tells state, constraint, detail and statement, but no values`() async throws {
        let pool = try await freshPool()
        try await pool.query("CREATE TABLE t (name text CONSTRAINT only_once UNIQUE)")
        try await pool.query("INSERT INTO t VALUES ('secret-value')")
        let error = try #require(
            await postgresError { try await pool.query("INSERT INTO t VALUES (\("secret-value"))") })
        #expect(error.source == .constraint)
        #expect(error.sqlState == "23505")
        #expect(error.constraint == "only_once")
        #expect(error.table == "t")
        #expect(error.detail?.contains("secret-value") == true)
        #expect(error.query == "INSERT INTO t VALUES ($1)")
        #expect(!"\(error)".contains("secret-value"))
        let syntax = await postgresError { try await pool.query("SELEC 1") }
        #expect(syntax?.source == .statement)
        #expect(await postgresError { try await pool.query("SELECT 1 / \(0)") }?.source == .data)
    }

    @Test func `more parameters than the protocol has are refused before sending`() async throws {
        var query: PostgresQuery = "SELECT \(0)"
        for number in 1...65_535 { query += ", \(number)" }
        #expect(await postgresError { try await freshPool().query(query) }?.source == .misuse)
    }

    @Test func `COPY as a plain query is told off and the pool lives on`() async throws {
        let pool = try await freshPool(connectionsMax: 1)
        try await pool.query("CREATE TABLE t (a int)")
        #expect(await postgresError { try await pool.query("COPY t FROM STDIN") }?.source == .misuse)
        #expect(await postgresError { try await pool.query("COPY t TO STDOUT") }?.source == .misuse)
        #expect(try await pool.query("SELECT 1").count == 1)
    }
}
