import PostgresClient
import Records

/// An org as named on the command line: its id or its slug.
enum OrgReference {
    /// - Throws: `CommandFailure` when there is none.
    static func find(_ name: String, _ pool: PostgresPool) async throws -> Org {
        let orgs = Orgs(pool)
        let byID = name.hasPrefix("org_") ? try await orgs.find(name) : nil
        let found: Org? = if let byID { byID } else { try await orgs.find(slug: name) }
        guard let found, found.deletedAt == nil else {
            throw CommandFailure("There is no org `\(name)`.", hint: "See: tollgate orgs list", status: .notFound)
        }
        return found
    }
}
