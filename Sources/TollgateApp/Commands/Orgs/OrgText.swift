import Records

/// Orgs as answers of the commands.
enum OrgText {
    static func table(_ orgs: [Org]) -> String {
        var table = TextTable(
            ("ID", .left), ("SLUG", .left), ("PLAN", .left), ("STATUS", .left), ("CREATED", .left), ("NAME", .left))
        for org in orgs {
            table.add(org.id, org.slug, org.plan, org.status.rawValue, InstantText.full(org.createdAt), org.name)
        }
        return table.text
    }

    static func json(_ org: Org) -> JSONValue {
        .object([
            ("id", .text(org.id)), ("name", .text(org.name)), ("slug", .text(org.slug)), ("plan", .text(org.plan)),
            ("status", .text(org.status.rawValue)), ("personal", .boolean(org.isPersonal)),
            ("version", .integer(org.version)), ("created_at", .text(InstantText.full(org.createdAt))),
        ])
    }
}
