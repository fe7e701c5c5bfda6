import PostgresClient
import TestKit
import Testing

@testable import TollgateApp

@Suite struct `tollgate audit verify` {
    private func verify(_ url: String, _ folder: TestFolder) async throws -> (status: Int32?, output: String) {
        let log = "\(folder.path)/verify-\(UInt64.random(in: .min ... .max)).log"
        let command = ChildCommand(
            "tollgate", try DevStack.program("tollgate"), ["audit", "verify", "--database-url", url], logPath: log)
        let exit = try await ChildProcess.start(command).exit()
        return (exit == .status(0) ? 0 : exit == .status(1) ? 1 : nil, FileText.read(log) ?? "")
    }

    @Test func `finds a row that somebody changed, and says which`() async throws {
        let folder = try TestFolder(prefix: "tollgate-audit")
        let database = try await TestPostgres.shared().createDatabase()
        let pool = try database.pool()
        _ = try await Migrate.run(on: pool)
        for number in 1...4 {
            try await pool.query(
                """
                INSERT INTO audit_log (id, org_id, actor, action, target)
                VALUES (\("aud_\(number)"), 'org_1', 'usr_1', 'api_key.revoke', \("key_\(number)"))
                """)
        }
        let before = try await self.verify(database.url, folder)
        #expect(before.status == 0, "\(before.output)")
        #expect(before.output.contains("4 rows"))
        // What only a superuser can do: switch the triggers off.
        try await pool.withSession { session in
            try await session.query("SET session_replication_role = replica")
            try await session.query("UPDATE audit_log SET actor = 'usr_2' WHERE seq = 3")
            await session.discard()
        }
        let after = try await self.verify(database.url, folder)
        #expect(after.status == 1, "\(after.output)")
        #expect(after.output.contains("row 3: the row was changed"))
    }
}
