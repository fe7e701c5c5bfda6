import Domain
import Foundation
import FoundationNetworking
import HotStore
import Logging
import PostgresClient
import Records
import Synchronization
import TestKit
import Testing

@testable import Control

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

/// The admin API over a real socket and a real PostgreSQL, with two orgs and a token for every role.
struct AdminWorld: Sendable {
    let port: Int
    let pool: PostgresPool
    /// Orgs whose changes were published.
    let published: Published
    /// The org that roles are about, and another one.
    let org: OrgName
    let other: OrgName
    /// Of `org`: a user and a token for each role.
    let members: [MembershipRole: (userID: String, token: String)]
    /// OWNER of the other org.
    let otherOwner: (userID: String, token: String)

    struct OrgName: Sendable { let id: String }

    static let operatorToken = "operator-token-of-the-environment"

    final class Published: Sendable {
        private let orgs = Mutex<[String]>([])
        func add(_ orgIDs: [String]) { self.orgs.withLock { $0 += orgIDs } }
        var all: [String] { self.orgs.withLock { $0 } }
    }

    /// Serves while `body` runs.
    static func with(
        connectionsMax: Int = 4, configure: (inout PostgresConfiguration) -> Void = { _ in },
        stores change: (inout AdminStores) -> Void = { _ in },
        _ body: @escaping @Sendable (AdminWorld) async throws -> Void
    ) async throws {
        let template = try await MigratedTemplate.shared.name()
        var configuration = try await TestPostgres.shared().createDatabase(template: template).configuration
        configuration.connectionsMax = connectionsMax
        configure(&configuration)
        let pool = PostgresPool(configuration)
        let published = Published()
        var stores = AdminStores(
            pool: pool, redis: nil, keyspace: Keyspace(), configuration: Configuration(),
            publish: { published.add($0 ?? ["*"]) })
        change(&stores)
        try await Self.serve(stores) { port in
            try await body(try await Self.make(port: port, pool: pool, published: published))
        }
        await pool.close()
    }

    static func serve(_ stores: AdminStores, _ body: @escaping @Sendable (Int) async throws -> Void) async throws {
        let (ports, port) = AsyncStream<Int>.makeStream()
        let server = AdminServer(
            listen: ListenAddress(host: "127.0.0.1", port: 0), token: Self.operatorToken, errors: ErrorSettings(),
            sources: AdminSources(metrics: { [] }, checks: { [] }), stores: stores, logger: Logger(label: "test"),
            onBound: { port.yield($0) })
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            for await bound in ports {
                try await body(bound)
                break
            }
            group.cancelAll()
        }
    }

    private static func make(port: Int, pool: PostgresPool, published: Published) async throws -> AdminWorld {
        let (org, owner) = try await Self.org("acme", pool)
        let (other, stranger) = try await Self.org("globex", pool)
        var members: [MembershipRole: (userID: String, token: String)] = [
            .owner: (owner, try await Self.token(owner, org.id, pool))
        ]
        for role in [MembershipRole.admin, .member] {
            let user = try await Self.user(role.rawValue.lowercased(), pool).user.id
            try await Orgs(pool).setRole(role, of: user, in: org.id)
            members[role] = (user, try await Self.token(user, org.id, pool))
        }
        return AdminWorld(
            port: port, pool: pool, published: published, org: OrgName(id: org.id), other: OrgName(id: other.id),
            members: members,
            otherOwner: (stranger, try await Self.token(stranger, other.id, pool)))
    }

    /// For tests of the listener that need no records.
    static func bare(_ port: Int, _ pool: PostgresPool) async throws -> AdminWorld {
        let nobody = ("usr_0", "")
        return AdminWorld(
            port: port, pool: pool, published: Published(), org: OrgName(id: ""), other: OrgName(id: ""), members: [:],
            otherOwner: nobody)
    }

    static func user(_ name: String, _ pool: PostgresPool) async throws -> (user: User, org: Org) {
        let (id, org) = (NewID.make("usr_"), NewID.make("org_"))
        return try await Users(pool).signUp(
            id: id, email: "\(id)@example.com", name: name,
            org: NewOrg(id: org, name: name, slug: RecordText.slug(for: name, id: org)))
    }

    private static func org(_ slug: String, _ pool: PostgresPool) async throws -> (Org, owner: String) {
        let owner = try await Self.user("\(slug)-owner", pool).user.id
        return (
            try await Orgs(pool).create(NewOrg(id: NewID.make("org_"), name: slug, slug: slug), owner: owner), owner
        )
    }

    static func token(_ userID: String, _ orgID: String, _ pool: PostgresPool) async throws -> String {
        let fresh = FreshToken(
            seat: .init(orgID: orgID, userID: userID), name: "test", lifetime: .seconds(3_600))
        _ = try await AdminTokens(pool).insert(fresh.record)
        return fresh.text
    }

    func token(_ role: MembershipRole) -> String { self.members[role]?.token ?? "" }
    func userID(_ role: MembershipRole) -> String { self.members[role]?.userID ?? "" }
}
