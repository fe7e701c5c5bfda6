import Records

/// Cards by which orgs pay.
enum PaymentMethodOperations {
    static let all = [Self.list, Self.create, Self.get, Self.makeDefault, Self.remove]

    static let shape = ObjectShape(
        "PaymentMethod",
        Field("id", .text(.id("pmt")), ""),
        Field("user_id", .text(.id("usr")), "Whose card it is."),
        Field("org_id", .text(.id("org")), ""),
        Field("stripe_payment_method_id", .plainText, ""),
        Field("stripe_customer_id", .plainText, ""),
        Field("brand", .plainText, ""),
        Field("last4", .plainText, ""),
        Field("expiry_month", .integer(1...12), ""),
        Field("expiry_year", .integer(2000...2200), ""),
        Field("is_default", .boolean, "One of a user's cards at most."),
        Field("created_at", .time, ""),
        Field("updated_at", .time, ""))

    static func json(_ method: PaymentMethod) -> JSON {
        [
            "id": .string(method.id), "user_id": .string(method.userID), "org_id": .string(method.orgID),
            "stripe_payment_method_id": .string(method.stripePaymentMethodID),
            "stripe_customer_id": .string(method.stripeCustomerID), "brand": .string(method.brand),
            "last4": .string(method.last4), "expiry_month": .int(method.expiryMonth),
            "expiry_year": .int(method.expiryYear), "is_default": .bool(method.isDefault),
            "created_at": .time(method.createdAt), "updated_at": .time(method.updatedAt),
        ]
    }

    private static let list = Operation(
        .get, "/v1/orgs/{org}/payment-methods", id: "listPaymentMethods", tag: "Payment methods",
        "An org's cards by age", access: .members(.admin), answer: .page(of: shape)
    ) {
        $0.paging = .byName
    } run: { call in
        let methods = try await PaymentMethods(call.database).list(
            of: call.pathOrg().id, after: call.after, limit: call.limit + 1)
        return call.page(methods, cursor: \.id, Self.json)
    }

    private static let create = Operation(
        .post, "/v1/orgs/{org}/payment-methods", id: "createPaymentMethod", tag: "Payment methods",
        "Note a card that Stripe keeps for a member", access: .operators, answer: .created(.object(shape))
    ) {
        $0.detail = "A user's first card is their default."
        $0.body = .object(
            ObjectShape(
                "NewPaymentMethod",
                Field("user_id", .text(.id("usr")), "A member of the org."),
                Field("stripe_payment_method_id", .text(.stripe("pm")), ""),
                Field("stripe_customer_id", .text(.stripe("cus")), ""),
                Field(
                    "brand", .text(.characters("a-z_", 1...32, expected: "a brand, such as visa", example: "visa")), ""),
                Field("last4", .text(.characters("0-9", 4...4, expected: "four digits", example: "4242")), ""),
                Field("expiry_month", .integer(1...12), ""),
                Field("expiry_year", .integer(2000...2200), "")))
    } run: { call in
        let org = try call.pathOrg()
        let method = try await PaymentMethods(call.database).insert(
            NewPaymentMethod(
                id: NewID.make("pmt_"), userID: call.text("user_id"), orgID: org.id,
                stripePaymentMethodID: call.text("stripe_payment_method_id"),
                stripeCustomerID: call.text("stripe_customer_id"), brand: call.text("brand"),
                last4: call.text("last4"), expiryMonth: call.integer("expiry_month"),
                expiryYear: call.integer("expiry_year")))
        let json = Self.json(method)
        call.audit("payment_method.create", method.id, org: org.id, after: json)
        return .created(json, at: "/v1/orgs/\(org.id)/payment-methods/\(method.id)")
    }

    private static let get = Operation(
        .get, "/v1/orgs/{org}/payment-methods/{payment_method}", id: "getPaymentMethod", tag: "Payment methods",
        "A card",
        access: .members(.admin), answer: .record(.object(shape))
    ) { call in
        try await .record(Self.json(Self.found(call)))
    }

    private static let makeDefault = Operation(
        .post, "/v1/orgs/{org}/payment-methods/{payment_method}/default", id: "makePaymentMethodDefault",
        tag: "Payment methods", "Make a card its user's default", access: .members(.admin),
        answer: .record(.object(shape))
    ) { call in
        let before = try await Self.json(Self.found(call))
        let org = try call.pathOrg()
        let method = try await PaymentMethods(call.database)
            .makeDefault(call.parameter("payment_method"), of: org.id)
        guard let method else { throw AdminProblem(.resourceNotFound) }
        let after = Self.json(method)
        call.audit("payment_method.make_default", method.id, org: org.id, before: before, after: after)
        return .record(after)
    }

    private static let remove = Operation(
        .delete, "/v1/orgs/{org}/payment-methods/{payment_method}", id: "removePaymentMethod", tag: "Payment methods",
        "Forget a card", access: .members(.admin), answer: .nothing
    ) { call in
        let org = try call.pathOrg()
        let removed = try await PaymentMethods(call.database).remove(call.parameter("payment_method"), of: org.id)
        guard let removed else { throw AdminProblem(.resourceNotFound) }
        call.audit("payment_method.remove", removed.id, org: org.id, before: Self.json(removed))
        return .nothing
    }

    private static func found(_ call: Call) async throws -> PaymentMethod {
        let id = try call.parameter("payment_method")
        guard let method = try await PaymentMethods(call.database).find(id, of: call.pathOrg().id) else {
            throw AdminProblem(.resourceNotFound)
        }
        return method
    }
}

extension TextRule {
    /// An id of Stripe's, by its prefix such as `pm`.
    static func stripe(_ prefix: String) -> TextRule {
        TextRule(
            pattern: TextPattern(.literal("\(prefix)_"), .some(.init("0-9A-Za-z_"), 1...200)),
            length: (prefix.count + 2)...(prefix.count + 201), expected: "an id of Stripe's, \(prefix)_...",
            example: "\(prefix)_1PgafmB7WZ01zgkW6dKueIc5")
    }
}
