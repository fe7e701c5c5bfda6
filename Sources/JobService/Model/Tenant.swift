/// Whose jobs a request may see: an org, apart for live and test keys.
struct Tenant: Sendable, Hashable {
    var orgID: String
    /// `live` or `test`.
    var environment: String

    static let environments = ["live", "test"]
}
