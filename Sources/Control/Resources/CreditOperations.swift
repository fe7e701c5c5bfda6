import Records

/// Credits: the packages on sale, and each org's ledger. Entries are only ever added.
enum CreditOperations {
    static let all = [Self.packages, Self.balance, Self.ledger, Self.enter, Self.purchase]

    private static let package = ObjectShape(
        "CreditPackage",
        Field("code", .plainText, ""),
        Field("credits", .integer(1...Int64.max), ""),
        Field("price_cents", .integer(1...Int64.max), ""),
        Field("bonus_percent", .integer(0...Int64.max), "How much more than at the base price."))

    private static let balanceShape = ObjectShape(
        "CreditBalance",
        Field("org_id", .text(.id("org")), ""),
        Field("balance", .integer(Int64.min...Int64.max), "Below zero is a debt."))

    static let entry = ObjectShape(
        "LedgerEntry",
        Field("id", .integer(1...Int64.max), "Order of the entries."),
        Field("org_id", .text(.id("org")), ""),
        Field("delta", .integer(Int64.min...Int64.max), "Credits added; taken, if below zero."),
        Field("reason", .choice(LedgerEntry.Reason.allCases.map(\.rawValue)), ""),
        Field("reference", .plainText, "What it comes from; each counts once."),
        Field("balance_after", .integer(Int64.min...Int64.max), ""),
        Field("created_at", .time, ""))

    static func json(_ entry: LedgerEntry) -> JSON {
        [
            "id": .integer(entry.id), "org_id": .string(entry.orgID), "delta": .integer(entry.delta),
            "reason": .string(entry.reason.rawValue), "reference": .string(entry.reference),
            "balance_after": .integer(entry.balanceAfter), "created_at": .time(entry.createdAt),
        ]
    }

    private static let packages = Operation(
        .get, "/v1/credit-packages", id: "listCreditPackages", tag: "Credits", "Packages on sale",
        access: .authenticated, answer: .list(of: package, max: 100)
    ) { call in
        let packages = try await SystemConfig(call.database).read().creditPackages
        return .record([
            "data": .array(
                packages.map { package in
                    [
                        "code": .string(package.code), "credits": .int(package.credits),
                        "price_cents": .int(package.priceCents), "bonus_percent": .int(package.bonusPercent),
                    ]
                })
        ])
    }

    private static let balance = Operation(
        .get, "/v1/orgs/{org}/credits", id: "getCredits", tag: "Credits", "What an org has", access: .members(.member),
        answer: .record(.object(balanceShape))
    ) { call in
        let org = try call.pathOrg()
        return try await .record([
            "org_id": .string(org.id), "balance": .integer(CreditLedger(call.database).balance(of: org.id)),
        ])
    }

    private static let ledger = Operation(
        .get, "/v1/orgs/{org}/credits/ledger", id: "listLedgerEntries", tag: "Credits", "An org's ledger, newest first",
        access: .members(.admin), answer: .page(of: entry)
    ) {
        $0.paging = .byNumber
    } run: { call in
        let entries = try await CreditLedger(call.database).list(
            of: call.pathOrg().id, before: call.before, limit: call.limit + 1)
        return call.page(entries, cursor: { String($0.id) }, Self.json)
    }

    /// Reasons that say by themselves which way credits go.
    private static let reasons: [LedgerEntry.Reason] = [.grant, .refund, .spend, .reversal]

    private static let enter = Operation(
        .post, "/v1/orgs/{org}/credits/ledger", id: "createLedgerEntry", tag: "Credits",
        "Enter credits given, refunded, spent or taken back", access: .operators, answer: .created(.object(entry))
    ) {
        $0.detail = "`grant` and `refund` add, `spend` and `reversal` take. A reference is entered once."
        $0.body = .object(
            ObjectShape(
                "NewLedgerEntry",
                Field("reason", .choice(Self.reasons.map(\.rawValue)), ""),
                Field("credits", .integer(1...1_000_000_000), "How many."),
                Field("reference", .text(.reference), "What it comes from.")))
    } run: { call in
        let reason = LedgerEntry.Reason(rawValue: try call.text("reason")) ?? .grant
        let credits = Int64(try call.integer("credits"))
        let delta = reason == .grant || reason == .refund ? credits : -credits
        let reference = try call.text("reference")
        return try await Self.entered(call) { try await $0.append(delta, reason, reference: reference, of: $1) }
    }

    private static let purchase = Operation(
        .post, "/v1/orgs/{org}/credits/purchases", id: "createCreditPurchase", tag: "Credits",
        "Enter a package that was paid for", access: .operators, answer: .created(.object(entry))
    ) {
        $0.detail = "A reference is entered once."
        $0.body = .object(
            ObjectShape(
                "CreditPurchase",
                Field(
                    "package",
                    .text(
                        .characters(
                            "a-z0-9_-", 1...64, expected: "a package's code, such as starter", example: "starter")),
                    "Code of a package on sale."),
                Field("reference", .text(.reference), "The payment, such as `pi_...`.")))
    } run: { call in
        let (package, reference) = (try call.text("package"), try call.text("reference"))
        return try await Self.entered(call) {
            try await $0.enterPurchase(of: package, reference: reference, for: $1)
        }
    }

    private static func entered(
        _ call: Call, _ enter: (CreditLedger, String) async throws -> LedgerEntry
    ) async throws -> Reply {
        let org = try call.pathOrg()
        let json = try await Self.json(enter(CreditLedger(call.database), org.id))
        call.audit("credits.enter", json["reference"]?.text ?? "", org: org.id, after: json)
        return .created(json, at: "/v1/orgs/\(org.id)/credits/ledger")
    }
}

extension TextRule {
    static let reference = Self.characters(
        "0-9A-Za-z_.:-", 1...200, expected: "a reference of letters, digits and _.:-", example: "pi_3MtwBwLkdIwHu7ix")
}
