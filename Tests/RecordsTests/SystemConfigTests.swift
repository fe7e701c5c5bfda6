import Domain
import PostgresClient
import TestKit
import Testing

@testable import Records

@Suite struct `System config` {
    @Test func `of 200 who sign up at once exactly 100 are founding members`() async throws {
        let pool = try await freshRecords(connectionsMax: 16)
        let numbers = try await withThrowingTaskGroup(of: Int?.self) { group in
            for _ in 0..<200 { group.addTask { try await pool.signedUp().user.foundingNumber } }
            return try await group.reduce(into: [Int?]()) { $0.append($1) }
        }
        #expect(numbers.compactMap { $0 }.sorted() == Array(1...100))
        let values = try await SystemConfig(pool).read()
        #expect(values.foundingMemberCount == 100)
        #expect(values.totalUsers == 200)
    }

    @Test func `a sign-up that fails gives its founding number back`() async throws {
        let pool = try await freshRecords()
        let (user, _) = try await pool.signedUp()
        for _ in 0..<3 {
            _ = await refusal {
                try await Users(pool).signUp(
                    id: newID("usr"), email: user.email, name: "", org: NewOrg(id: newID("org"), name: "x", slug: "x"))
            }
        }
        #expect(try await pool.signedUp().user.foundingNumber == 2)
        #expect(try await Users(pool).delete(user.id))
        let values = try await SystemConfig(pool).read()
        #expect(values.foundingMemberCount == 2)
        #expect(values.totalUsers == 1)
        #expect(try await pool.signedUp().user.foundingNumber == 3)
    }

    @Test func `jobs are counted by the database, even many at once`() async throws {
        let pool = try await freshRecords(connectionsMax: 8)
        let (_, org) = try await pool.signedUp()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for round in 0..<40 {
                group.addTask {
                    try await pool.query(
                        """
                        INSERT INTO jobs (id, org_id, environment, type)
                        SELECT 'job_' || \(round)::text || 'x' || n, \(org.id), 'live', 'x' FROM generate_series(1, 5) n
                        """)
                }
            }
            try await group.waitForAll()
        }
        #expect(try await SystemConfig(pool).read().totalJobs == 200)
        try await pool.query("DELETE FROM jobs")
        #expect(try await SystemConfig(pool).read().totalJobs == 200)
    }

    @Test func `the counters refuse callers, and the row is the only one`() async throws {
        let pool = try await freshRecords()
        #expect(
            await constraint { try await pool.query("UPDATE system_config SET founding_member_count = 5") }
                == "system_config_counters")
        #expect(
            await constraint { try await pool.query("UPDATE system_state SET total_users = 5") }
                == "system_config_counters")
        #expect(await constraint { try await pool.query("DELETE FROM system_state") } == "system_config_one_row")
        #expect(
            await constraint { try await pool.query("INSERT INTO system_state (credit_packages) VALUES ('[]')") }
                == "system_state_pkey")
        let (user, _) = try await pool.signedUp()
        let number = await constraint {
            try await pool.query("UPDATE users SET founding_number = 7 WHERE id = \(user.id)")
        }
        #expect(number == "users_founding_number")
    }

    @Test func `credit packages and maintenance mode`() async throws {
        let pool = try await freshRecords()
        let values = try await SystemConfig(pool).read()
        #expect(values.creditPackages.map(\.code) == ["starter", "popular", "pro", "mega"])
        #expect(values.creditPackages.map(\.credits) == [120, 400, 1100, 2500])
        #expect(values.creditPackages.map(\.priceCents) == [1000, 3000, 7500, 15000])
        #expect(values.creditPackages.map(\.bonusPercent) == [20, 33, 47, 67])
        #expect(!values.isInMaintenance)
        try await SystemConfig(pool).setMaintenance(true)
        #expect(try await SystemConfig(pool).read().isInMaintenance)
        let entries = try await drained(pool)
        #expect(entries.map(\.kind) == [.system])
        #expect(entries.first?.isInMaintenance == true)
    }

    @Test func `who may pass during maintenance is told, and a later record has a higher version`() async throws {
        let pool = try await freshRecords()
        let before = try await EdgeRecords(pool).system()
        try await SystemConfig(pool).setMaintenance(true, allowed: ["10.0.0.0/8", "2001:db8::/32"])
        let on = try await EdgeRecords(pool).system()
        #expect(on.isInMaintenance && on.maintenanceAllowed == ["10.0.0.0/8", "2001:db8::/32"])
        #expect(on.version > before.version)
        try await SystemConfig(pool).setMaintenance(true)
        #expect(try await EdgeRecords(pool).system() == on, "nothing changed")
        try await SystemConfig(pool).setMaintenance(true, until: PostgresInstant(unixSeconds: 1_900_000_000))
        let ending = try await EdgeRecords(pool).system()
        #expect(ending.maintenanceUntilMs == 1_900_000_000_000 && ending.version > on.version)
        #expect(try await SystemConfig(pool).read().maintenanceUntil == PostgresInstant(unixSeconds: 1_900_000_000))
        try await SystemConfig(pool).setMaintenance(false)
        #expect(try await SystemConfig(pool).read().maintenanceUntil == nil)
        #expect(try await EdgeRecords(pool).system().maintenanceAllowed == on.maintenanceAllowed)
        #expect(try await drained(pool).map(\.kind) == [.system, .system, .system])
        await #expect(throws: (any Error).self) {
            try await SystemConfig(pool).setMaintenance(true, allowed: ["10.0.0.1/8"])
        }
    }
}
