import Records

/// Events on their way to endpoints.
enum WebhookDeliveryOperations {
    static let all = [Self.list, Self.get, Self.retry]

    static let shape = ObjectShape("WebhookDelivery", fields: Self.fields)
    private static let whole = ObjectShape(
        "WholeWebhookDelivery", fields: Self.fields + [Field("payload", .anything, "What is sent.")])

    private static let statuses = WebhookDelivery.Status.allCases.map(\.rawValue)

    private static let fields = [
        Field("id", .text(.id("whd")), ""),
        Field("endpoint_id", .text(.id("whe")), ""),
        Field("event_id", .plainText, "Reaches an endpoint once."),
        Field("type", .plainText, ""),
        Field("status", .choice(Self.statuses), "`failed`: given up."),
        Field("attempts", .integer(0...Int64.max), ""),
        Field("next_attempt_at", .orNull(.time), "While it is pending."),
        Field("response_status", .orNull(.integer(100...599)), "What the endpoint answered last."),
        Field("response_excerpt", .orNull(.plainText), "The beginning of that answer."),
        Field("created_at", .time, ""),
        Field("delivered_at", .orNull(.time), ""),
    ]

    static func json(_ delivery: WebhookDelivery) -> JSON {
        [
            "id": .string(delivery.id), "endpoint_id": .string(delivery.endpointID),
            "event_id": .string(delivery.eventID), "type": .string(delivery.type),
            "status": .string(delivery.status.rawValue), "attempts": .int(delivery.attempts),
            "next_attempt_at": .time(delivery.nextAttemptAt), "response_status": .int(delivery.responseStatus),
            "response_excerpt": .text(delivery.responseExcerpt), "created_at": .time(delivery.createdAt),
            "delivered_at": .time(delivery.deliveredAt),
        ]
    }

    private static let list = Operation(
        .get, "/v1/orgs/{org}/webhook-deliveries", id: "listWebhookDeliveries", tag: "Webhooks",
        "An org's deliveries, newest first", access: .members(.member), answer: .page(of: shape)
    ) {
        $0.paging = .byName
        $0.query = [
            Parameter("endpoint_id", .text(.id("whe")), "Only those to this endpoint."),
            Parameter("status", .choice(Self.statuses), "Only those in this state."),
        ]
    } run: { call in
        let deliveries = try await WebhookDeliveries(call.database).list(
            of: call.pathOrg().id, endpointID: call.query["endpoint_id"]?.text,
            status: call.query["status"]?.text.flatMap(WebhookDelivery.Status.init(rawValue:)), before: call.lastID,
            limit: call.limit + 1)
        return call.page(deliveries, cursor: \.id, Self.json)
    }

    private static let get = Operation(
        .get, "/v1/orgs/{org}/webhook-deliveries/{delivery}", id: "getWebhookDelivery", tag: "Webhooks",
        "A delivery with what is sent", access: .members(.member), answer: .record(.object(whole))
    ) { call in
        let delivery = try await Self.found(call)
        return .record(Self.json(delivery).with("payload", .stored(delivery.payload)))
    }

    private static let retry = Operation(
        .post, "/v1/orgs/{org}/webhook-deliveries/{delivery}/retry", id: "retryWebhookDelivery", tag: "Webhooks",
        "Try a delivery again now", access: .members(.admin), answer: .record(.object(shape))
    ) {
        $0.detail = "One that was taken is not sent again: 409."
    } run: { call in
        let before = try await Self.found(call)
        guard before.status != .delivered else {
            throw AdminProblem(.conflict, detail: "The endpoint has taken this delivery already.")
        }
        let org = try call.pathOrg()
        guard let after = try await WebhookDeliveries(call.database).retry(before.id, of: org.id) else {
            throw AdminProblem(.resourceNotFound)
        }
        let json = Self.json(after)
        call.audit("webhook_delivery.retry", after.id, org: org.id, before: Self.json(before), after: json)
        return .record(json)
    }

    private static func found(_ call: Call) async throws -> WebhookDelivery {
        let id = try call.parameter("delivery")
        guard let delivery = try await WebhookDeliveries(call.database).find(id, of: call.pathOrg().id) else {
            throw AdminProblem(.resourceNotFound)
        }
        return delivery
    }
}
