import Glibc
import Logging
import PostgresClient
import RedisClient
import TestKit
import Testing

@testable import TollgateApp

/// The servers that `tollgate dev` starts, for real.
struct LocalServersTests {
    private static let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    @Test func `PostgreSQL starts, keeps data over a restart, and comes back after being killed`() async throws {
        let folder = try TestFolder(prefix: "dev-pg")
        let data = try DataFolder("\(folder.path)/data")
        if let user = try ProcessUser.forPostgres() { chmod(folder.path, 0o755); _ = user }
        for round in 0..<3 {
            let sockets = try data.makeSocketFolder(for: try ProcessUser.forPostgres())
            let server = try await LocalPostgres.start(data, sockets: sockets, logger: Self.logger)
            let pool = PostgresPool(try PostgresConfiguration(server.url))
            try await pool.query("CREATE TABLE IF NOT EXISTS rounds (round integer)")
            try await pool.query("INSERT INTO rounds VALUES (\(round))")
            let count = try await pool.query("SELECT count(*) AS n FROM rounds").only()["n", as: Int.self]
            #expect(count == round + 1)
            await pool.close()
            // The second end is a kill, which leaves postmaster.pid behind.
            let signal = round == 1 ? SIGKILL : SIGINT
            _ = await server.child.stop(signal: signal, graceMs: 30_000)
            DataFolder.removeTree(sockets)
        }
    }

    @Test func `Redis starts, and keeps what it was told over a restart`() async throws {
        let folder = try TestFolder(prefix: "dev-redis")
        let data = try DataFolder("\(folder.path)/data")
        for _ in 0..<2 {
            let sockets = try data.makeSocketFolder(for: nil)
            let server = try await LocalRedis.start(data, sockets: sockets, logger: Self.logger)
            let configuration = try #require(RedisAddress.parse(server.url))
            #expect(configuration.endpoint == .unix(path: server.socketPath))
            #expect(await server.child.stop(signal: SIGTERM, graceMs: 20_000) == .status(0))
        }
    }

    @Test func `a server that cannot start is told with the end of its log`() async throws {
        let folder = try TestFolder(prefix: "dev-redis")
        let data = try DataFolder("\(folder.path)/data")
        let error = await #expect(throws: CommandFailure.self) {
            _ = try await LocalRedis.start(data, sockets: "\(folder.path)/no/such/folder", logger: Self.logger)
        }
        #expect(error?.message.contains("redis.log") == true, "\(error?.message ?? "")")
    }
}
