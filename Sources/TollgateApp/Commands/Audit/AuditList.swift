import ArgumentParser

/// `tollgate audit list`
struct AuditList: APIOptions {
    static let name = "list"
    static let abstract = "Who changed what, newest first."
    static let example = "audit list --org acme --action api_key.revoke"
    static let view = RecordView(
        ">ROW sequence", "WHEN created_at", "ACTOR actor", "ACTION action", "TARGET target", "ORG org_id", "FROM ip")

    @Option(help: "Only an org's: its id or slug.") var org: String?
    @Option(help: "Only what this user or token did.") var actor: String?
    @Option(help: "Only this kind of change.") var action: String?
    @Option(help: "Only changes of this record.") var target: String?
    @OptionGroup var page: PageOptions

    func request() -> AdminRequest {
        .list(
            self.org == nil ? "/v1/audit" : "/v1/orgs/{org}/audit", org: self.org, self.page,
            [
                (name: "actor", value: self.actor), (name: "action", value: self.action),
                (name: "target", value: self.target),
            ])
    }
}
