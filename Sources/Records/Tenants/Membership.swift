/// A user's seat in an org.
public struct Membership: Sendable, Hashable {
    /// The user.
    public let userID: String
    /// Their address, for lists.
    public let email: String
    /// What they may do.
    public let role: MembershipRole

    /// A seat.
    public init(userID: String, email: String, role: MembershipRole) {
        self.userID = userID
        self.email = email
        self.role = role
    }
}
