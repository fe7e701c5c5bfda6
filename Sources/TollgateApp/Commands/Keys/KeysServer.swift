import Control

/// API keys through the admin API, for `--server`.
enum KeysServer {
    static let view = RecordView(
        "ID id", "PREFIX prefix", "ENV environment", "STATUS status", "CREATED created_at", "LAST USED last_used_at",
        "NAME name", secret: "key", done: "Revoked.")

    static let path = "/v1/orgs/{org}/keys"

    /// One key, or what is done to it.
    ///
    /// - Throws: `CommandFailure` when the org is not named: only it can be asked for a key.
    static func request(_ method: String, _ id: String, org: String?, _ action: String = "", _ body: JSON? = nil) throws
        -> AdminRequest
    {
        guard let org else { throw CommandFailure("--server needs --org as well.", status: .usage) }
        return AdminRequest(
            method: method, path: "\(Self.path)/\(AdminClient.escaped(id))\(action)", org: org, body: body)
    }
}
