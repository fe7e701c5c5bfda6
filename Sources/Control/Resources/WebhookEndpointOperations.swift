import Digests
import Records

/// Where orgs want to be told of events. Secrets are shown when they are made, and never again.
enum WebhookEndpointOperations {
    static let all = [Self.list, Self.create, Self.get, Self.change, Self.rotate, Self.remove]

    static let shape = ObjectShape("WebhookEndpoint", fields: Self.fields)
    private static let created = ObjectShape(
        "CreatedWebhookEndpoint",
        fields: Self.fields + [Field("secret", .plainText, "What deliveries are signed with, shown this once.")])

    private static let fields = [
        Field("id", .text(.id("whe")), ""),
        Field("org_id", .orNull(.text(.id("org"))), ""),
        Field("user_id", .orNull(.text(.id("usr"))), "Who made it."),
        Field("url", .plainText, ""),
        Field("events", .list(.plainText, max: 100), "Types of events; `*` is every one."),
        Field("enabled", .boolean, ""),
        Field("secret_hint", .plainText, "The secret's last four characters."),
        Field("created_at", .time, ""),
        Field("updated_at", .time, ""),
        Field("last_triggered_at", .orNull(.time), ""),
        Field("last_status_code", .orNull(.integer(100...599)), "What it answered last."),
    ]

    private static let address = TextRule(
        pattern: TextPattern(
            .literal("http"), .group([.literal("s")], 0...1), .literal("://"), .some(.init("0-9A-Za-z"), 1...1),
            .some(.init("!-~"), 0...2_000)),
        length: 8...2_009, expected: "an address, https://...", example: "https://example.com/hooks")
    private static let event = TextRule.characters(
        "a-z0-9_.*", 1...64, expected: "a type of event, such as job.completed, or *", example: "job.completed")

    static func json(_ endpoint: WebhookEndpoint) -> JSON {
        [
            "id": .string(endpoint.id), "org_id": .text(endpoint.orgID), "user_id": .text(endpoint.userID),
            "url": .string(endpoint.url), "events": .texts(endpoint.events), "enabled": .bool(endpoint.isEnabled),
            "secret_hint": .string("..." + endpoint.secret.suffix(4)), "created_at": .time(endpoint.createdAt),
            "updated_at": .time(endpoint.updatedAt), "last_triggered_at": .time(endpoint.lastTriggeredAt),
            "last_status_code": .int(endpoint.lastStatusCode),
        ]
    }

    /// What the `ETag` is made of: a delivery changes nothing.
    private static func tagged(_ json: JSON) -> JSON { json.without("last_triggered_at", "last_status_code") }

    private static let list = Operation(
        .get, "/v1/orgs/{org}/webhook-endpoints", id: "listWebhookEndpoints", tag: "Webhooks",
        "An org's endpoints by age", access: .members(.member), answer: .page(of: shape)
    ) {
        $0.paging = .byName
    } run: { call in
        let endpoints = try await WebhookEndpoints(call.database).list(
            of: call.pathOrg().id, after: call.after, limit: call.limit + 1)
        return call.page(endpoints, cursor: \.id, Self.json)
    }

    private static let create = Operation(
        .post, "/v1/orgs/{org}/webhook-endpoints", id: "createWebhookEndpoint", tag: "Webhooks", "Add an endpoint",
        access: .members(.admin), answer: .created(.object(created), hasETag: true)
    ) {
        $0.body = .object(
            ObjectShape(
                "NewWebhookEndpoint",
                Field("url", .text(Self.address), ""),
                .optional("events", .list(.text(Self.event), max: 100), "Every one, if not said or empty.")))
    } run: { call in
        let org = try call.pathOrg()
        let secret = Self.freshSecret()
        let endpoint = try await WebhookEndpoints(call.database).insert(
            NewWebhookEndpoint(
                id: NewID.make("whe_"), orgID: org.id, userID: call.caller.userID, url: call.text("url"),
                secret: secret, events: Self.events(call) ?? ["*"]))
        let json = Self.json(endpoint)
        call.audit("webhook_endpoint.create", endpoint.id, org: org.id, after: json)
        return .created(
            json.with("secret", .string(secret)), at: "/v1/orgs/\(org.id)/webhook-endpoints/\(endpoint.id)",
            tagged: Self.tagged(json))
    }

    private static let get = Operation(
        .get, "/v1/orgs/{org}/webhook-endpoints/{endpoint}", id: "getWebhookEndpoint", tag: "Webhooks", "An endpoint",
        access: .members(.member), answer: .record(.object(shape), hasETag: true)
    ) { call in
        let json = try await Self.json(Self.found(call))
        return .record(json, tagged: Self.tagged(json))
    }

    private static let change = Operation(
        .patch, "/v1/orgs/{org}/webhook-endpoints/{endpoint}", id: "updateWebhookEndpoint", tag: "Webhooks",
        "Change address or events, switch off or on", access: .members(.admin),
        answer: .record(.object(shape), hasETag: true)
    ) {
        $0.isConditional = true
        $0.body = .object(
            ObjectShape(
                "WebhookEndpointChange", isChange: true,
                .optional("url", .text(Self.address), ""),
                .optional("events", .list(.text(Self.event), max: 100), "Every one, if empty."),
                .optional("enabled", .boolean, "")
            ).puttingBack(Self.shape, passingOver: "updated_at", "last_triggered_at", "last_status_code"))
    } run: { call in
        var change = WebhookEndpointChange()
        change.url = call.body["url"]?.text
        change.events = Self.events(call)
        change.isEnabled = call.body["enabled"]?.bool
        let after = try await Self.json(Self.changed(call, "webhook_endpoint.update", change))
        return .record(after, tagged: Self.tagged(after))
    }

    private static let rotate = Operation(
        .post, "/v1/orgs/{org}/webhook-endpoints/{endpoint}/rotate", id: "rotateWebhookSecret", tag: "Webhooks",
        "Replace an endpoint's secret", access: .members(.admin), answer: .record(.object(created))
    ) {
        $0.detail = "Deliveries are signed with the new one from now on."
    } run: { call in
        var change = WebhookEndpointChange()
        let secret = Self.freshSecret()
        change.secret = secret
        let endpoint = try await Self.changed(call, "webhook_endpoint.rotate", change)
        return .record(Self.json(endpoint).with("secret", .string(secret)))
    }

    private static let remove = Operation(
        .delete, "/v1/orgs/{org}/webhook-endpoints/{endpoint}", id: "removeWebhookEndpoint", tag: "Webhooks",
        "Remove an endpoint with its deliveries", access: .members(.admin), answer: .nothing
    ) {
        $0.isConditional = true
    } run: { call in
        let before = try await Self.json(Self.found(call))
        try call.expect(Self.tagged(before))
        let org = try call.pathOrg()
        let removed = try await WebhookEndpoints(call.database).remove(call.parameter("endpoint"), of: org.id)
        guard let removed else { throw AdminProblem(.resourceNotFound) }
        call.audit("webhook_endpoint.remove", removed.id, org: org.id, before: before)
        return .nothing
    }

    private static func found(_ call: Call) async throws -> WebhookEndpoint {
        let id = try call.parameter("endpoint")
        guard let endpoint = try await WebhookEndpoints(call.database).find(id, of: call.pathOrg().id) else {
            throw AdminProblem(.resourceNotFound)
        }
        return endpoint
    }

    private static func changed(
        _ call: Call, _ action: String, _ change: WebhookEndpointChange
    ) async throws -> WebhookEndpoint {
        let before = try await Self.json(Self.found(call))
        try call.expect(Self.tagged(before))
        let org = try call.pathOrg()
        let changed = try await WebhookEndpoints(call.database).change(call.parameter("endpoint"), of: org.id, change)
        guard let changed else { throw AdminProblem(.resourceNotFound) }
        call.audit(action, changed.id, org: org.id, before: before, after: Self.json(changed))
        return changed
    }

    /// The types asked for; nil if not said.
    private static func events(_ call: Call) -> [String]? {
        call.body["events"]?.texts.map { $0.isEmpty ? ["*"] : $0 }
    }

    private static func freshSecret() -> String { "whsec_" + HexText.encode(SecureRandom.bytes(24).span) }
}
