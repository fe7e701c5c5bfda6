import Records

/// Events of Stripe's, as they were received.
enum StripeEventOperations {
    static let all = [Self.list, Self.get]

    static let shape = ObjectShape("StripeEvent", fields: Self.fields)
    private static let whole = ObjectShape(
        "WholeStripeEvent", fields: Self.fields + [Field("payload", .anything, "As Stripe sent it.")])

    private static let statuses = StripeEvent.Status.allCases.map(\.rawValue)

    private static let fields = [
        Field("id", .plainText, "Stripe's."),
        Field("type", .plainText, ""),
        Field("status", .choice(Self.statuses), "An event that is `processed` or `ignored` stays so."),
        Field("attempts", .integer(0...Int64.max), ""),
        Field("error", .orNull(.plainText), "Why the last attempt failed."),
        Field("created", .time, "When it happened at Stripe."),
        Field("received_at", .time, ""),
        Field("processed_at", .orNull(.time), ""),
    ]

    static func json(_ event: StripeEvent) -> JSON {
        [
            "id": .string(event.id), "type": .string(event.type), "status": .string(event.status.rawValue),
            "attempts": .int(event.attempts), "error": .text(event.error), "created": .time(event.created),
            "received_at": .time(event.receivedAt), "processed_at": .time(event.processedAt),
        ]
    }

    private static let list = Operation(
        .get, "/v1/stripe-events", id: "listStripeEvents", tag: "Stripe", "Events, the last received first",
        access: .operators, answer: .page(of: shape)
    ) {
        $0.paging = .byName
        $0.query = [
            Parameter("status", .choice(Self.statuses), "Only those in this state."),
            Parameter(
                "type",
                .text(
                    .characters("a-z0-9_.", 1...100, expected: "a type, such as invoice.paid", example: "invoice.paid")),
                "Only those of this type."),
        ]
    } run: { call in
        let events = try await StripeEvents(call.database).list(
            status: call.query["status"]?.text.flatMap(StripeEvent.Status.init(rawValue:)),
            type: call.query["type"]?.text, after: call.lastID, limit: call.limit + 1)
        return call.page(events, cursor: \.id, Self.json)
    }

    private static let get = Operation(
        .get, "/v1/stripe-events/{event}", id: "getStripeEvent", tag: "Stripe", "An event as Stripe sent it",
        access: .operators, answer: .record(.object(whole))
    ) { call in
        guard let event = try await StripeEvents(call.database).find(call.parameter("event")) else {
            throw AdminProblem(.resourceNotFound)
        }
        return .record(Self.json(event).with("payload", .stored(event.payload)))
    }
}
