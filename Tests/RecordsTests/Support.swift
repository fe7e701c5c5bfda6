import Domain
import PostgresClient
import Synchronization
import TestKit

@testable import Records

/// A database with all migrations, made once and copied for every test.
private actor MigratedTemplate {
    static let shared = MigratedTemplate()
    private var making: Task<String, any Error>?

    func name() async throws -> String {
        if let making { return try await making.value }
        let task = Task {
            let database = try await TestPostgres.shared().createDatabase()
            let pool = try database.pool(connectionsMax: 1)
            try await RecordsSchema.migrator().run(on: pool)
            await pool.close()
            return database.name
        }
        self.making = task
        return try await task.value
    }
}

/// A pool on a fresh database with all tables.
func freshRecords(connectionsMax: Int = 4) async throws -> PostgresPool {
    let template = try await MigratedTemplate.shared.name()
    return try await TestPostgres.shared().createDatabase(template: template).pool(connectionsMax: connectionsMax)
}

private let idCount = Atomic<Int>(0)

/// A new id: the prefix and a number that grows, so that ids sort by age as real ones do.
func newID(_ prefix: String) -> String {
    let digits = String(idCount.add(1, ordering: .relaxed).newValue)
    return prefix + "_" + String(repeating: "0", count: 10 - digits.count) + digits
}

extension PostgresPool {
    /// A user with a personal org.
    func signedUp() async throws -> (user: User, org: Org) {
        let id = newID("usr")
        return try await Users(self).signUp(
            id: id, email: "\(id)@example.com", name: "Someone",
            org: NewOrg(id: newID("org"), name: "Mine", slug: slug(id)))
    }

    /// A key of an org.
    func newKey(
        of org: Org, environment: Environment = .live, user: String? = nil, scopes: [String] = [],
        expiresAt: PostgresInstant? = nil
    ) async throws -> APIKey {
        try await APIKeys(self).insert(
            NewAPIKey(
                id: newID("key"), orgID: org.id, userID: user, material: newMaterial(), environment: environment,
                scopes: scopes, expiresAt: expiresAt))
    }

    /// The org's version now.
    func version(of org: Org) async throws -> Int64 { try await Orgs(self).find(org.id)?.version ?? 0 }

    /// The first column of the first row, as a number.
    func number(_ query: PostgresQuery) async throws -> Int { try await self.query(query).only().decode(0) }
}

/// Lower-case, as slugs are.
func slug(_ id: String) -> String { "s" + id.dropFirst(4) }

/// A hash that no other key has.
func newMaterial() -> KeyMaterial {
    let number = String(newID("x").dropFirst(2))
    return KeyMaterial(hash: String(repeating: "0", count: 54) + number, prefix: "tgk_live_" + number.suffix(3))
}

/// The refusal that `body` throws.
func refusal<Value>(_ body: () async throws -> Value) async -> RecordsError? {
    do {
        _ = try await body()
        return nil
    } catch {
        return error as? RecordsError
    }
}

/// The name of the constraint that refuses `body`.
func constraint<Value>(_ body: () async throws -> Value) async -> String? {
    do {
        _ = try await body()
        return nil
    } catch {
        return (error as? PostgresError)?.constraint ?? "\(error)"
    }
}
