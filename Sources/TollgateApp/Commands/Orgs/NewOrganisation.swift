import PostgresClient
import Records

/// Making an org together with whoever owns it.
enum NewOrganisation {
    /// Makes both or none. A user who is new gets the org as their personal one.
    ///
    /// - Throws: `CommandFailure` for what the records refuse.
    static func create(
        name: String, slug: String, plan: String, ownerEmail: String, _ pool: PostgresPool
    ) async throws -> Org {
        let new = NewOrg(id: FreshID.make("org_"), name: name, slug: slug, plan: plan)
        do {
            if let owner = try await Users(pool).find(email: ownerEmail) {
                return try await Orgs(pool).create(new, owner: owner.id)
            }
            let ownerName = ownerEmail.split(separator: "@").first.map(String.init) ?? ownerEmail
            return try await Users(pool)
                .signUp(id: FreshID.make("usr_"), email: ownerEmail, name: ownerName, org: new).org
        } catch let error as RecordsError {
            throw CommandFailure("The org was not made: \(error).")
        }
    }

    /// Lower-case letters and digits, everything else a single hyphen.
    static func slug(from name: String) -> String {
        let words = name.lowercased().unicodeScalars.split { scalar in
            !(("a"..."z").contains(scalar) || ("0"..."9").contains(scalar))
        }
        let slug = words.map { String(String.UnicodeScalarView($0)) }.joined(separator: "-")
        return slug.isEmpty ? "org" : String(slug.prefix(63))
    }
}
