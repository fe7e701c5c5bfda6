import Digests
import Domain
import Logging
import PostgresClient
import Records
import Workers

/// The demo's data, and keys in its paying org. The data is what `tollgate seed` makes, put into an empty database once. The
/// keys are known from the demo's environment file only, and made anew when that is lost, because nobody else has them.
struct DemoRecords: Sendable {
    static let plan = "PRO"
    /// Of the demo data, and of a folder without.
    private static let slug = "acme"
    private static let bareSlug = "demo"
    private static let owner = "demo@localhost"

    let org: String
    let key: String
    let keyID: String
    let testKey: String
    /// Of the org on FREE; empty where there is no demo data, or where nobody knows it any more.
    let freeKey: String
    let adminToken: String

    /// Finds or makes what is missing.
    ///
    /// - Parameters:
    ///   - known: what the environment file of the last run says.
    ///   - isBare: an empty database gets an org and nothing else.
    static func prepare(
        _ configuration: Configuration, known: DemoEnvironment?, isBare: Bool, logger: Logger
    ) async throws -> DemoRecords {
        var settings = configuration.postgres
        settings.connectionsMax = 1
        let pool = try Stores.pool(settings)
        do {
            try await PlanSeeder.seed(configuration.plans, pool, logger: logger)
            let fresh = isBare ? nil : try await Self.seed(pool, brand: configuration.keys.brand, logger: logger)
            let org = try await Self.org(pool, logger: logger)
            let live = try await Self.key(.live, org, known?.key, configuration, pool, logger: logger)
            let test = try await Self.key(.test, org, known?.testKey, configuration, pool, logger: logger)
            await pool.close()
            let token = known.map(\.adminToken).flatMap { $0.isEmpty ? nil : $0 }
            return DemoRecords(
                org: org.slug, key: live.text, keyID: live.id, testKey: test.text,
                freeKey: fresh ?? known?.freeKey ?? "",
                adminToken: token ?? Self.freshToken())
        } catch {
            await pool.close()
            throw error
        }
    }

    /// Puts the demo data into an empty database. Returns the key of the org on FREE; nil if there was something.
    private static func seed(_ pool: PostgresPool, brand: String, logger: Logger) async throws -> String? {
        guard try await Seeding(pool).present().isEmpty else { return nil }
        // Drawn anew: the edge of a demo may be reached from elsewhere, and whoever knows the seed knows the keys.
        let seed = UInt64.random(in: 0...UInt64(Int64.max))
        let now = PostgresInstant.now
        let data = SeedMaker.make(seed: seed, now: now, brand: brand)
        try await SeedCommand.put(data, seed: seed, at: now, isForced: false, pool)
        logger.notice(
            "Demo data put in",
            metadata: [
                "rows": "\(data.counts.map { "\($0.rows) \($0.table)" }.joined(separator: ", "))"
            ])
        return data.keys.first { $0.org != Self.slug }?.text
    }

    private static func org(_ pool: PostgresPool, logger: Logger) async throws -> Org {
        for slug in [Self.bareSlug, Self.slug] {
            if let org = try await Orgs(pool).find(slug: slug), org.deletedAt == nil { return org }
        }
        logger.notice("Making the org `\(Self.bareSlug)`", metadata: ["plan": "\(Self.plan)"])
        return try await NewOrganisation.create(
            name: "Demo", slug: Self.bareSlug, plan: Self.plan, ownerEmail: Self.owner, pool)
    }

    private static func key(
        _ environment: Domain.Environment, _ org: Org, _ known: String?, _ configuration: Configuration,
        _ pool: PostgresPool, logger: Logger
    ) async throws -> (text: String, id: String) {
        if let known, !known.isEmpty,
            let key = try await APIKeys(pool).find(hash: SHA256Digest(of: known).hexText), key.orgID == org.id,
            KeyText.status(key) == "active"
        {
            return (known, key.id)
        }
        logger.notice("Making a key", metadata: ["org": "\(org.slug)", "environment": "\(environment.rawValue)"])
        let fresh = NewKey(brand: configuration.keys.brand, environment: environment)
        let made = try await APIKeys(pool).insert(
            NewAPIKey(
                id: FreshID.make("key_"), orgID: org.id, name: "demo \(environment.rawValue)", material: fresh.material,
                environment: environment, scopes: Self.scopes(configuration)))
        return (fresh.text, made.id)
    }

    /// Every scope that some route asks for.
    private static func scopes(_ configuration: Configuration) -> [String] {
        Set(configuration.routes.flatMap(\.scopes)).sorted()
    }

    private static func freshToken() -> String { "tga_" + HexText.encode(SecureRandom.bytes(24).span) }
}
