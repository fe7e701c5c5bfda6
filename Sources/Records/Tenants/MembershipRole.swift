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

extension MembershipRole: Comparable {
    private var rank: Int {
        switch self {
        case .member: 0
        case .admin: 1
        case .owner: 2
        }
    }

    /// A role that may do less is less.
    public static func < (left: MembershipRole, right: MembershipRole) -> Bool { left.rank < right.rank }
}
