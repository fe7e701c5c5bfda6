import Records

/// Our own accounts of Stripe's invoices, for disputes.
enum InvoiceOperations {
    static let all = [Self.list, Self.get]

    static let shape = ObjectShape("Invoice", fields: Self.fields)
    private static let whole = ObjectShape(
        "WholeInvoice", fields: Self.fields + [Field("lines", .anything, "What it consists of.")])

    private static let fields = [
        Field("stripe_invoice_id", .plainText, ""),
        Field("org_id", .text(.id("org")), ""),
        Field("period_start", .time, "Inclusive."),
        Field("period_end", .time, "Exclusive."),
        Field("currency", .plainText, "ISO 4217, lower-case."),
        Field("status", .choice(InvoiceShadow.Status.allCases.map(\.rawValue)), "Stripe's."),
        Field("amount_due", .integer(Int64.min...Int64.max), "Cents, as Stripe says."),
        Field("computed_amount", .integer(Int64.min...Int64.max), "Cents, as we computed."),
        Field("difference", .integer(Int64.min...Int64.max), "Stripe's less ours."),
        Field("created_at", .time, ""),
        Field("updated_at", .time, ""),
    ]

    static func json(_ invoice: InvoiceShadow) -> JSON {
        [
            "stripe_invoice_id": .string(invoice.stripeInvoiceID), "org_id": .string(invoice.orgID),
            "period_start": .time(invoice.periodStart), "period_end": .time(invoice.periodEnd),
            "currency": .string(invoice.currency), "status": .string(invoice.status.rawValue),
            "amount_due": .integer(invoice.amountDue), "computed_amount": .integer(invoice.computedAmount),
            "difference": .integer(invoice.difference), "created_at": .time(invoice.createdAt),
            "updated_at": .time(invoice.updatedAt),
        ]
    }

    private static let list = Operation(
        .get, "/v1/orgs/{org}/invoices", id: "listInvoices", tag: "Invoices",
        "An org's invoices beside what we computed, the latest period first", access: .members(.admin),
        answer: .page(of: shape)
    ) {
        $0.paging = .byName
        $0.query = [
            Parameter("status", .choice(InvoiceShadow.Status.allCases.map(\.rawValue)), "Only those in this state.")
        ]
    } run: { call in
        let invoices = try await InvoiceShadows(call.database).list(
            of: call.pathOrg().id, status: call.query["status"]?.text.flatMap(InvoiceShadow.Status.init(rawValue:)),
            after: call.lastID, limit: call.limit + 1)
        return call.page(invoices, cursor: \.stripeInvoiceID, Self.json)
    }

    private static let get = Operation(
        .get, "/v1/orgs/{org}/invoices/{invoice}", id: "getInvoice", tag: "Invoices", "An invoice with its lines",
        access: .members(.admin), answer: .record(.object(whole))
    ) { call in
        let id = try call.parameter("invoice")
        guard let invoice = try await InvoiceShadows(call.database).find(id, of: call.pathOrg().id) else {
            throw AdminProblem(.resourceNotFound)
        }
        return .record(Self.json(invoice).with("lines", .stored(invoice.lines)))
    }
}
