import PostgresClient
import TestKit
import Testing

@Suite struct `Values` {
    enum Role: String, PostgresEncodable, PostgresDecodable { case owner = "OWNER", member = "MEMBER" }

    @Test func `every type comes back as it was sent`() async throws {
        let pool = try await freshPool()
        let instant = PostgresInstant(unixMicroseconds: 1_700_000_000_123_456)
        let text = "Grüße 'x' \"y\" \\ \n\t \u{1F600} $1 -- ; DROP"
        let row = try await pool.query(
            """
            SELECT \(text)::text AS text, \(Int64.min) AS low, \(Int.max) AS high, \(Int32(-7)) AS small,
                   \(true) AS yes, \(-0.1) AS fraction, \([UInt8](0...255)) AS bytes, \(instant) AS instant,
                   \(["a", "", "b,\"c\"", "{NULL}"]) AS texts, \([Int64(1), .min]) AS numbers,
                   \([nil, "x"] as [String?]) AS holes, \([[1, 2], []] as [[UInt8]]) AS blobs,
                   \([instant, .distantFuture]) AS instants, \([] as [String]) AS none,
                   \([true, false]) AS truths, \([0.5, -1]) AS fractions, \(Role.owner)::text AS role,
                   \(nil as String?)::text AS nothing, \("{\"a\": [1, 2]}")::jsonb AS json, '-infinity'::timestamptz AS ever
            """
        ).only()
        #expect(try row["text"] == text)
        #expect(try row["low"] == Int64.min)
        #expect(try row["high"] == Int.max)
        #expect(try row["small"] == Int32(-7))
        #expect(try row["yes"] == true)
        #expect(try row["fraction"] == -0.1)
        #expect(try row["bytes"] == [UInt8](0...255))
        #expect(try row["instant"] == instant)
        #expect(try row["texts"] == ["a", "", "b,\"c\"", "{NULL}"])
        #expect(try row["numbers"] == [Int64(1), .min])
        #expect(try row["holes", as: [String?].self] == [nil, "x"])
        #expect(try row["blobs", as: [[UInt8]].self] == [[1, 2], []])
        #expect(try row["instants"] == [instant, .distantFuture])
        #expect(try row["none", as: [String].self].isEmpty)
        #expect(try row["truths"] == [true, false])
        #expect(try row["fractions"] == [0.5, -1])
        #expect(try row["role"] == Role.owner)
        #expect(try row["nothing", as: String?.self] == nil)
        #expect(try row["json", as: String.self] == "{\"a\": [1, 2]}")
        #expect(try row["ever"] == PostgresInstant.distantPast)
    }

    @Test func `smaller numbers and the server's own texts are read`() async throws {
        let row = try await freshPool().query(
            "SELECT 5::int2 AS a, 6::int4 AS b, 1.5::float4 AS c, 'x'::varchar AS d, 7::oid AS e, current_user AS f, 65::int4 AS g"
        ).only()
        #expect(try row["a"] == 5)
        #expect(try row["b"] == Int64(6))
        #expect(try row["c"] == 1.5)
        #expect(try row["d"] == "x")
        #expect(try row["e"] == 7)
        #expect(try row["f"] == "postgres")
        #expect(try row["g"] == UInt8(65))
    }

    @Test func `an instant agrees with the server's clock arithmetic`() async throws {
        let row = try await freshPool().query(
            """
            SELECT '2024-02-29 12:34:56.789012+02'::timestamptz AS fixed, \(PostgresInstant(unixSeconds: 0))::text AS epoch,
                   extract(epoch FROM clock_timestamp())::bigint AS now
            """
        ).only()
        #expect(try row["fixed"] == PostgresInstant(unixMicroseconds: 1_709_202_896_789_012))
        #expect(try row["epoch"] == "1970-01-01 00:00:00+00")
        let now: Int64 = try row["now"]
        #expect(abs(PostgresInstant.now.unixMicroseconds / 1_000_000 - now) < 60)
        #expect(PostgresInstant(unixSeconds: 1).advanced(by: .milliseconds(-1500)).unixMicroseconds == -500_000)
        #expect(PostgresInstant.distantFuture.advanced(by: .seconds(9)) == .distantFuture)
    }

    @Test func `a value that does not fit names its column and says how to mend it`() async throws {
        let result = try await freshPool().query(
            "SELECT NULL::text AS gone, 1.5::numeric AS exact, 'x' AS word, 300 AS big")
        let row = try result.only()
        let null = await postgresError { _ = try row["gone", as: String.self] }
        #expect(null?.source == .data)
        #expect(null?.column == "gone")
        #expect(null?.hint?.contains("Optional") == true)
        let numeric = await postgresError { _ = try row["exact", as: Int.self] }
        #expect(numeric?.message.hasPrefix("column `exact`: numeric cannot be read as Int") == true)
        let unknown = await postgresError { _ = try row["wrod", as: String.self] }
        #expect(unknown?.source == .misuse)
        #expect(unknown?.message.contains("gone, exact, word") == true)
        #expect(await postgresError { _ = try row["word", as: Role.self] }?.source == .data)
        #expect(await postgresError { _ = try row["big", as: UInt8.self] }?.source == .data)
        #expect(await postgresError { _ = try row.decode(9, as: Int.self) }?.source == .misuse)
        #expect(await postgresError { _ = try await freshPool().query("SELECT 1 WHERE false").only() }?.source == .data)
    }
}
