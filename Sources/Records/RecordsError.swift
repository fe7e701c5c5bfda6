public import PostgresClient

/// Why a change of records was refused. All other failures arrive as `PostgresError`.
public enum RecordsError: Error, Sendable, Hashable {
    /// Another record has this value already (`email`, `slug`, `key`, `id`, …).
    case taken(field: String)
    /// A record that the change refers to does not exist, or not for this org.
    case missing(String)
    /// A rule forbids it. `rule` is the name of the constraint.
    case refused(rule: String, String)

    /// Reads the server's refusal; nil if the error is something else.
    init?(_ error: PostgresError) {
        guard error.source == .constraint else { return nil }
        let name = error.constraint ?? error.column ?? "unknown"
        switch error.sqlState {
        case "23505": self = .taken(field: Self.fields[name] ?? (name.hasSuffix("_pkey") ? "id" : name))
        case "23503": self = .missing(Self.references[name] ?? name)
        default: self = .refused(rule: name, error.message)
        }
    }

    /// As told by a statement that was run beside the repositories, or by a commit.
    public init?(refusal error: PostgresError) { self.init(error) }

    private static let fields = [
        "users_email_key": "email", "orgs_slug_key": "slug", "orgs_stripe_customer_id_key": "stripe_customer_id",
        "api_keys_key_hash_key": "key", "api_keys_rotated_from_key": "rotated_from",
        "rate_limit_buckets_subject_key": "limit", "credit_ledger_reference_key": "reference",
        "payment_methods_stripe_id_key": "stripe_payment_method_id", "payment_methods_one_default": "is_default",
        "webhook_endpoints_one_of_user": "user_id", "webhook_deliveries_event_key": "event_id",
    ]

    private static let references = [
        "orgs_plan_fkey": "plan", "api_keys_org_id_fkey": "org", "api_keys_user_id_fkey": "user",
        "memberships_org_id_fkey": "org", "memberships_user_id_fkey": "user", "jobs_org_id_fkey": "org",
        "rate_limit_buckets_org_id_fkey": "org", "feature_flag_overrides_org_id_fkey": "org",
        "feature_flag_overrides_flag_key_fkey": "flag", "webhook_endpoints_org_id_fkey": "org",
        "webhook_endpoints_user_id_fkey": "user", "admin_tokens_seat": "member of this org",
    ]
}

extension RecordsError: CustomStringConvertible {
    /// One sentence.
    public var description: String {
        switch self {
        case .taken(let field): "this \(field) is taken: choose another"
        case .missing(let what): "there is no such \(what)"
        case .refused(let rule, let message): "\(message) (\(rule))"
        }
    }
}
