import Domain
import Records

/// Who changed what.
enum AuditOperations {
    static let all = [Self.list, Self.listOfOrg, Self.verify]

    static let shape = ObjectShape(
        "AuditEntry",
        Field("sequence", .integer(1...Int64.max), "Its place in the chain."),
        Field("id", .text(.id("aud")), ""),
        Field("org_id", .orNull(.plainText), "null concerns the system."),
        Field("actor", .plainText, "A user's or operator token's id, or `operator`, `cli`, `system`."),
        Field("action", .plainText, "Such as `api_key.revoke`."),
        Field("target", .plainText, "The record."),
        Field("before", .anything, ""), Field("after", .anything, ""),
        Field("ip", .orNull(.plainText), ""), Field("request_id", .orNull(.plainText), ""),
        Field("created_at", .time, ""),
        Field("hash", .plainText, "SHA-256 over the entry and the hash of the one before it."))

    static func json(_ entry: AuditEntry) -> JSON {
        [
            "sequence": .integer(entry.sequence), "id": .string(entry.entry.id), "org_id": .text(entry.entry.orgID),
            "actor": .string(entry.entry.actor), "action": .string(entry.entry.action),
            "target": .string(entry.entry.target), "before": Self.parsed(entry.entry.before),
            "after": Self.parsed(entry.entry.after), "ip": .text(entry.entry.ip),
            "request_id": .text(entry.entry.requestID), "created_at": .time(entry.createdAt),
            "hash": .string(entry.hash.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()),
        ]
    }

    private static func parsed(_ text: String?) -> JSON {
        text.flatMap { try? JSONParser.parse(Array($0.utf8)) } ?? .null
    }

    private static let filters = [
        Parameter("actor", .text(.free(1...200, example: "usr_01JABCDEFGHJKMNPQRSTVWXYZ0")), "Only what this one did."),
        Parameter("action", .text(.free(1...100, example: "api_key.revoke")), "Only this kind of change."),
        Parameter(
            "target", .text(.free(1...300, example: "key_01JABCDEFGHJKMNPQRSTVWXYZ0")), "Only changes of this record."),
        Parameter("from", .time, "From here on."), Parameter("to", .time, "Before this."),
    ]

    private static let list = Operation(
        .get, "/v1/audit", id: "listAudit", tag: "Audit", "The audit log, newest first", access: .operators,
        answer: .page(of: shape)
    ) {
        $0.paging = .byNumber
        $0.query = [Parameter("org_id", .text(.id("org")), "Only entries of this org.")] + Self.filters
    } run: { call in
        try await Self.page(call, orgID: call.query["org_id"]?.text)
    }

    private static let listOfOrg = Operation(
        .get, "/v1/orgs/{org}/audit", id: "listOrgAudit", tag: "Audit", "An org's audit log, newest first",
        access: .members(.admin), answer: .page(of: shape)
    ) {
        $0.paging = .byNumber
        $0.query = Self.filters
        $0.seesDeletedOrgs = true
    } run: { call in
        try await Self.page(call, orgID: call.pathOrg().id)
    }

    private static func page(_ call: Call, orgID: String?) async throws -> Reply {
        var filter = AuditLog.Filter()
        filter.orgID = orgID
        filter.actor = call.query["actor"]?.text
        filter.action = call.query["action"]?.text
        filter.target = call.query["target"]?.text
        filter.from = call.query["from"]?.text.flatMap(Timestamp.parse)
        filter.to = call.query["to"]?.text.flatMap(Timestamp.parse)
        let entries = try await AuditLog(call.database).list(filter, before: call.before, limit: call.limit + 1)
        return call.page(entries, cursor: { String($0.sequence) }, Self.json)
    }

    private static let verify = Operation(
        .get, "/v1/audit/verification", id: "verifyAudit", tag: "Audit", "Walk the chain of the whole log",
        access: .operators,
        answer: .record(
            .object(
                ObjectShape(
                    "AuditVerification",
                    Field("intact", .boolean, "Whether the log is as it was written."),
                    Field(
                        "problems",
                        .list(
                            .object(
                                ObjectShape(
                                    "AuditProblem", Field("sequence", .integer(0...Int64.max), ""),
                                    Field("problem", .plainText, ""))), max: 1_000), "The first thousand places."))))
    ) { call in
        let problems = try await AuditLog(call.database).check()
        return .record([
            "intact": .bool(problems.isEmpty),
            "problems": .array(
                problems.prefix(1_000).map { ["sequence": .integer($0.sequence), "problem": .string($0.problem)] }),
        ])
    }
}
