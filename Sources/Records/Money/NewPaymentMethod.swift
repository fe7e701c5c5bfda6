/// What makes a new payment method.
public struct NewPaymentMethod: Sendable, Hashable {
    /// `pmt_…`, made by the caller.
    public var id: String
    /// Whose card.
    public var userID: String
    /// For which org; the user is a member of it.
    public var orgID: String
    /// `pm_…`.
    public var stripePaymentMethodID: String
    /// `cus_…`.
    public var stripeCustomerID: String
    /// `visa`, ….
    public var brand: String
    /// Four digits.
    public var last4: String
    /// 1 to 12.
    public var expiryMonth: Int
    /// Four digits.
    public var expiryYear: Int

    /// A card.
    public init(
        id: String, userID: String, orgID: String, stripePaymentMethodID: String, stripeCustomerID: String,
        brand: String, last4: String, expiryMonth: Int, expiryYear: Int
    ) {
        self.id = id
        self.userID = userID
        self.orgID = orgID
        self.stripePaymentMethodID = stripePaymentMethodID
        self.stripeCustomerID = stripeCustomerID
        self.brand = brand
        self.last4 = last4
        self.expiryMonth = expiryMonth
        self.expiryYear = expiryYear
    }
}
