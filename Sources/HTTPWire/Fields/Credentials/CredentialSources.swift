/// Where a request may carry its API key.
public enum CredentialSource: UInt8, Sendable, Hashable, CaseIterable {
    /// `Authorization: Bearer <key>` (RFC 6750).
    case bearer
    /// `X-API-Key: <key>`, an alias without a standard.
    case apiKeyHeader
    /// The user name of `Authorization: Basic` (RFC 7617); the password is ignored.
    case basic
}

/// The sources a route accepts.
public struct CredentialSources: OptionSet, Sendable, Hashable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// `Authorization: Bearer`.
    public static let bearer = CredentialSources(rawValue: 1 << CredentialSource.bearer.rawValue)
    /// `X-API-Key`.
    public static let apiKeyHeader = CredentialSources(rawValue: 1 << CredentialSource.apiKeyHeader.rawValue)
    /// `Authorization: Basic`.
    public static let basic = CredentialSources(rawValue: 1 << CredentialSource.basic.rawValue)
    /// All three.
    public static let all: CredentialSources = [.bearer, .apiKeyHeader, .basic]

    /// Whether a source is among them.
    public func accepts(_ source: CredentialSource) -> Bool {
        self.contains(CredentialSources(rawValue: 1 << source.rawValue))
    }
}
