public import PostgresClient

/// A card that a user keeps with Stripe for an org. Numbers are Stripe's; of a card only the last four digits are here.
public struct PaymentMethod: Sendable, Hashable {
    /// `pmt_…`.
    public let id: String
    /// Whose card.
    public let userID: String
    /// For which org.
    public let orgID: String
    /// `pm_…`, unique.
    public let stripePaymentMethodID: String
    /// `cus_…`.
    public let stripeCustomerID: String
    /// `visa`, ….
    public let brand: String
    /// Four digits.
    public let last4: String
    /// 1 to 12.
    public let expiryMonth: Int
    /// Four digits.
    public let expiryYear: Int
    /// One of a user's cards at most.
    public let isDefault: Bool
    /// When it was added.
    public let createdAt: PostgresInstant
    /// When it was last changed.
    public let updatedAt: PostgresInstant

    static let columns: PostgresQuery = """
        id, user_id, org_id, stripe_payment_method_id, stripe_customer_id, brand, last4, expiry_month, expiry_year, \
        is_default, created_at, updated_at
        """

    init(_ row: PostgresRow) throws(PostgresError) {
        self.id = try row["id"]
        self.userID = try row["user_id"]
        self.orgID = try row["org_id"]
        self.stripePaymentMethodID = try row["stripe_payment_method_id"]
        self.stripeCustomerID = try row["stripe_customer_id"]
        self.brand = try row["brand"]
        self.last4 = try row["last4"]
        self.expiryMonth = try row["expiry_month"]
        self.expiryYear = try row["expiry_year"]
        self.isDefault = try row["is_default"]
        self.createdAt = try row["created_at"]
        self.updatedAt = try row["updated_at"]
    }
}
