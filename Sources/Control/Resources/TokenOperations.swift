import Records

/// Credentials for this API: of operators, and of members.
enum TokenOperations {
    static let all = [
        Self.listOperators, Self.createOperator, Self.getOperator, Self.revokeOperator, Self.list, Self.create,
        Self.get,
        Self.revoke,
    ]

    static let shape = ObjectShape("Token", fields: Self.fields)
    private static let created = ObjectShape(
        "CreatedToken", fields: Self.fields + [Field("token", .plainText, "Shown this once.")])

    private static let fields = [
        Field("id", .text(.id("tok")), ""),
        Field("kind", .choice(["operator", "member"]), ""),
        Field("org_id", .orNull(.text(.id("org"))), ""),
        Field("user_id", .orNull(.text(.id("usr"))), ""),
        Field("name", .plainText, ""),
        Field("prefix", .plainText, "The token's first 12 characters."),
        Field("created_at", .time, ""),
        Field("expires_at", .time, ""),
        Field("last_used_at", .orNull(.time), "To the minute."),
        Field("revoked_at", .orNull(.time), ""),
    ]

    static func json(_ token: AdminToken) -> JSON {
        [
            "id": .string(token.id), "kind": .string(token.kind.rawValue), "org_id": .text(token.orgID),
            "user_id": .text(token.userID), "name": .string(token.name), "prefix": .string(token.prefix),
            "created_at": .time(token.createdAt), "expires_at": .time(token.expiresAt),
            "last_used_at": .time(token.lastUsedAt), "revoked_at": .time(token.revokedAt),
        ]
    }

    private static let life = Field.optional(
        "expires_in_s", .integer(60...RecordText.secondsMax), "How long it lives; 90 days if not said.",
        fallback: 7_776_000)
    private static let name = Field.optional("name", .text(.free(0...200, example: "laptop")), "", fallback: "")

    // MARK: Operators'

    private static let listOperators = Operation(
        .get, "/v1/operator-tokens", id: "listOperatorTokens", tag: "Tokens", "Operators' tokens", access: .operators,
        answer: .page(of: shape)
    ) {
        $0.paging = .byName
    } run: { call in
        let tokens = try await AdminTokens(call.database).list(of: nil, after: call.after, limit: call.limit + 1)
        return call.page(tokens, cursor: \.id, Self.json)
    }

    private static let createOperator = Operation(
        .post, "/v1/operator-tokens", id: "createOperatorToken", tag: "Tokens", "Make an operator's token",
        access: .operators, answer: .created(.object(created))
    ) {
        $0.body = .object(ObjectShape("NewOperatorToken", Self.name, Self.life))
    } run: { call in
        try await Self.made(call, seat: nil, at: "/v1/operator-tokens")
    }

    private static let getOperator = Operation(
        .get, "/v1/operator-tokens/{token}", id: "getOperatorToken", tag: "Tokens", "An operator's token",
        access: .operators, answer: .record(.object(shape))
    ) { call in
        try await Self.record(call, of: nil)
    }

    private static let revokeOperator = Operation(
        .delete, "/v1/operator-tokens/{token}", id: "revokeOperatorToken", tag: "Tokens", "Revoke an operator's token",
        access: .operators, answer: .nothing
    ) { call in
        guard let token = try await AdminTokens(call.database).revoke(call.parameter("token"), of: nil) else {
            throw AdminProblem(.resourceNotFound)
        }
        call.audit("token.revoke", token.id, org: nil, after: Self.json(token))
        return .nothing
    }

    // MARK: Members'

    private static let list = Operation(
        .get, "/v1/orgs/{org}/tokens", id: "listTokens", tag: "Tokens", "Members' tokens", access: .members(.member),
        answer: .page(of: shape)
    ) {
        $0.paging = .byName
        $0.detail = "A MEMBER sees their own."
    } run: { call in
        let tokens = try await AdminTokens(call.database).list(
            of: call.pathOrg().id, user: call.caller.has(.admin) ? nil : call.caller.userID, after: call.after,
            limit: call.limit + 1)
        return call.page(tokens, cursor: \.id, Self.json)
    }

    private static let create = Operation(
        .post, "/v1/orgs/{org}/tokens", id: "createToken", tag: "Tokens", "Make a token that speaks for a member",
        access: .members(.member), answer: .created(.object(created))
    ) {
        $0.detail = "Members make their own; an operator makes any, which is how a member comes to the first one."
        $0.body = .object(
            ObjectShape(
                "NewToken", .optional("user_id", .text(.id("usr")), "Whom it speaks for; the caller if not said."),
                Self.name, Self.life))
    } run: { call in
        let org = try call.pathOrg()
        guard let userID = call.body["user_id"]?.text ?? call.caller.userID else {
            throw AdminProblem(.conflict, detail: "Say whom the token speaks for (user_id).")
        }
        guard call.caller.isOperator || call.caller.userID == userID else {
            throw AdminProblem(.insufficientRole, detail: "Members make tokens for themselves only.")
        }
        return try await Self.made(
            call, seat: .init(orgID: org.id, userID: userID), at: "/v1/orgs/\(org.id)/tokens")
    }

    private static let get = Operation(
        .get, "/v1/orgs/{org}/tokens/{token}", id: "getToken", tag: "Tokens", "A member's token",
        access: .members(.member), answer: .record(.object(shape))
    ) { call in
        try await Self.record(call, of: call.pathOrg().id)
    }

    private static let revoke = Operation(
        .delete, "/v1/orgs/{org}/tokens/{token}", id: "revokeToken", tag: "Tokens", "Revoke a member's token",
        access: .members(.member), answer: .nothing
    ) {
        $0.detail = "A MEMBER revokes their own."
    } run: { call in
        let org = try call.pathOrg()
        let tokens = AdminTokens(call.database)
        guard let known = try await tokens.find(call.parameter("token"), of: org.id), Self.isVisible(known, call),
            let token = try await tokens.revoke(known.id, of: org.id)
        else { throw AdminProblem(.resourceNotFound) }
        call.audit("token.revoke", token.id, org: org.id, before: Self.json(known), after: Self.json(token))
        return .nothing
    }

    private static func record(_ call: Call, of orgID: String?) async throws -> Reply {
        guard let token = try await AdminTokens(call.database).find(call.parameter("token"), of: orgID),
            Self.isVisible(token, call)
        else { throw AdminProblem(.resourceNotFound) }
        return .record(Self.json(token))
    }

    private static func isVisible(_ token: AdminToken, _ call: Call) -> Bool {
        call.caller.has(.admin) || token.userID == call.caller.userID
    }

    private static func made(_ call: Call, seat: NewAdminToken.Seat?, at path: String) async throws -> Reply {
        let fresh = FreshToken(
            seat: seat, name: call.body["name"]?.text ?? "",
            lifetime: .seconds(call.body["expires_in_s"]?.integer ?? 7_776_000))
        let token = try await AdminTokens(call.database).insert(fresh.record)
        let json = Self.json(token)
        call.audit("token.create", token.id, org: seat?.orgID, after: json)
        return .created(json.with("token", .string(fresh.text)), at: "\(path)/\(token.id)")
    }
}
