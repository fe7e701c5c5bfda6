/// What the API says of itself and of the caller.
enum MetaOperations {
    static let all = [Self.document, Self.whoAmI]

    private static let document = Operation(
        .get, "/openapi.json", id: "getOpenAPI", tag: "API", "This document", access: .anyone,
        answer: .record(.anything)
    ) { _ in
        .record(OpenAPIDocument.render(AdminAPI.operations))
    }

    private static let caller = ObjectShape(
        "Caller",
        Field("kind", .choice(["operator", "member"]), ""),
        Field("token_id", .plainText, ""),
        Field("user_id", .orNull(.text(.id("usr"))), ""),
        Field("org_id", .orNull(.text(.id("org"))), ""),
        Field("role", .orNull(.choice(["OWNER", "ADMIN", "MEMBER"])), ""))

    private static let whoAmI = Operation(
        .get, "/v1/whoami", id: "whoAmI", tag: "API", "Whom the token speaks for", access: .authenticated,
        answer: .record(.object(Self.caller))
    ) { call in
        .record([
            "kind": call.caller.isOperator ? "operator" : "member", "token_id": .string(call.caller.tokenID),
            "user_id": .text(call.caller.userID), "org_id": .text(call.caller.orgID),
            "role": .text(call.caller.role?.rawValue),
        ])
    }
}
