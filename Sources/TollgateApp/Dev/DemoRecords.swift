import Digests
import Domain
import Logging
import PostgresClient
import Records

/// The demo's org and keys. Made once; afterwards the keys are known from the demo's environment file only, and made
/// anew when that is lost, because nobody else has them.
struct DemoRecords: Sendable {
    static let plan = "PRO"
    private static let slug = "demo"
    private static let owner = "demo@localhost"

    let key: String
    let testKey: String
    let adminToken: String

    /// Finds or makes what is missing.
    ///
    /// - Parameter known: what the environment file of the last run says.
    static func prepare(_ configuration: Configuration, known: DemoEnvironment?, logger: Logger) async throws
        -> DemoRecords
    {
        var settings = configuration.postgres
        settings.connectionsMax = 1
        let pool = try Stores.pool(settings)
        do {
            let org = try await Self.org(pool, logger: logger)
            let live = try await Self.key(.live, org, known?.key, configuration, pool, logger: logger)
            let test = try await Self.key(.test, org, known?.testKey, configuration, pool, logger: logger)
            await pool.close()
            let token = known.map(\.adminToken).flatMap { $0.isEmpty ? nil : $0 }
            return DemoRecords(key: live, testKey: test, adminToken: token ?? Self.freshToken())
        } catch {
            await pool.close()
            throw error
        }
    }

    private static func org(_ pool: PostgresPool, logger: Logger) async throws -> Org {
        if let org = try await Orgs(pool).find(slug: Self.slug) { return org }
        logger.notice("Making the org `\(Self.slug)`", metadata: ["plan": "\(Self.plan)"])
        return try await NewOrganisation.create(
            name: "Demo", slug: Self.slug, plan: Self.plan, ownerEmail: Self.owner, pool)
    }

    private static func key(
        _ environment: Domain.Environment, _ org: Org, _ known: String?, _ configuration: Configuration,
        _ pool: PostgresPool, logger: Logger
    ) async throws -> String {
        if let known, !known.isEmpty,
            let key = try await APIKeys(pool).find(hash: SHA256Digest(of: known).hexText), key.orgID == org.id,
            KeyText.status(key) == "active"
        {
            return known
        }
        logger.notice("Making a key", metadata: ["org": "\(org.slug)", "environment": "\(environment.rawValue)"])
        let fresh = NewKey(brand: configuration.keys.brand, environment: environment)
        _ = try await APIKeys(pool).insert(
            NewAPIKey(
                id: FreshID.make("key_"), orgID: org.id, name: "demo \(environment.rawValue)", material: fresh.material,
                environment: environment, scopes: Self.scopes(configuration)))
        return fresh.text
    }

    /// Every scope that some route asks for.
    private static func scopes(_ configuration: Configuration) -> [String] {
        Set(configuration.routes.flatMap(\.scopes)).sorted()
    }

    private static func freshToken() -> String { "tga_" + HexText.encode(SecureRandom.bytes(24).span) }
}
