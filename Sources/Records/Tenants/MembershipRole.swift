public import PostgresClient

/// What a member may do.
public enum MembershipRole: String, Sendable, CaseIterable, PostgresEncodable, PostgresDecodable {
    /// Everything; an org always has one.
    case owner = "OWNER"
    /// Keys, limits, webhooks, members.
    case admin = "ADMIN"
    /// Looks, and makes keys of their own.
    case member = "MEMBER"
}
