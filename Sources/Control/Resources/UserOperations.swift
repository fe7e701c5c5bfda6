import Records

/// People.
enum UserOperations {
    static let all = [Self.list, Self.create, Self.get, Self.change, Self.delete]

    static let shape = ObjectShape(
        "User",
        Field("id", .text(.id("usr")), ""),
        Field("email", .plainText, "Unique among users that are not deleted, whatever its case."),
        Field("name", .plainText, ""),
        Field("founding_number", .orNull(.integer(1...100)), "For the first hundred who signed up."),
        Field("created_at", .time, ""),
        Field("deleted_at", .orNull(.time), ""))

    static func json(_ user: User) -> JSON {
        [
            "id": .string(user.id), "email": .string(user.email), "name": .string(user.name),
            "founding_number": .int(user.foundingNumber), "created_at": .time(user.createdAt),
            "deleted_at": .time(user.deletedAt),
        ]
    }

    private static let list = Operation(
        .get, "/v1/users", id: "listUsers", tag: "Users", "Users by age", access: .operators, answer: .page(of: shape)
    ) {
        $0.paging = .byName
        $0.query = [
            Parameter("email", .text(.email), "Only the one with this address."),
            Parameter("include_deleted", .boolean, "Deleted ones too."),
        ]
    } run: { call in
        let users = try await Users(call.database).list(
            email: call.query["email"]?.text, includingDeleted: call.query["include_deleted"]?.bool ?? false,
            after: call.after, limit: call.limit + 1)
        return call.page(users, cursor: \.id, Self.json)
    }

    private static let signedUp = ObjectShape(
        "SignedUpUser", Field("user", .object(shape), ""), Field("org", .object(OrgOperations.shape), "Their own org."))

    private static let create = Operation(
        .post, "/v1/users", id: "createUser", tag: "Users", "Sign a user up, with a personal org that they own",
        access: .operators, answer: .created(.object(signedUp))
    ) {
        $0.body = .object(
            ObjectShape(
                "NewUser",
                Field("email", .text(.email), ""),
                .optional("name", .text(.free(0...200, example: "Ada")), "", fallback: ""),
                .optional("org_name", .text(.free(1...200)), "Of the personal org; the user's name if not said."),
                .optional("org_slug", .text(.slug), "Made of the name if not said."),
                .optional("plan", .text(.planCode), "", fallback: "FREE")))
    } run: { call in
        let (id, orgID) = (NewID.make("usr_"), NewID.make("org_"))
        let (email, name) = (try call.text("email"), call.body["name"]?.text ?? "")
        let orgName = call.body["org_name"]?.text ?? (name.isEmpty ? email : name)
        let (user, org) = try await Users(call.database).signUp(
            id: id, email: email, name: name,
            org: NewOrg(
                id: orgID, name: String(orgName.unicodeScalars.prefix(200)),
                slug: call.body["org_slug"]?.text ?? RecordText.slug(for: orgName, id: orgID),
                plan: call.body["plan"]?.text ?? "FREE"))
        let json: JSON = ["user": Self.json(user), "org": OrgOperations.json(org)]
        call.audit("user.create", id, org: org.id, after: json)
        return .created(json, at: "/v1/users/\(id)")
    }

    private static let get = Operation(
        .get, "/v1/users/{user}", id: "getUser", tag: "Users", "A user", access: .oneself,
        answer: .record(.object(shape), hasETag: true)
    ) { call in
        let json = try await Self.json(Self.find(call))
        return .record(json, tagged: json)
    }

    private static let change = Operation(
        .patch, "/v1/users/{user}", id: "updateUser", tag: "Users", "Change name or address", access: .oneself,
        answer: .record(.object(shape), hasETag: true)
    ) {
        $0.isConditional = true
        $0.body = .object(
            ObjectShape(
                "UserChange", isChange: true,
                .optional("name", .text(.free(0...200, example: "Ada")), ""),
                .optional("email", .text(.email), "")
            ).puttingBack(Self.shape))
    } run: { call in
        let before = try await Self.json(Self.find(call))
        try call.expect(before)
        let id = try call.parameter("user")
        guard
            let user = try await Users(call.database).change(
                id, name: call.body["name"]?.text, email: call.body["email"]?.text)
        else { throw AdminProblem(.resourceNotFound) }
        let after = Self.json(user)
        call.audit("user.update", id, org: nil, before: before, after: after)
        return .record(after, tagged: after)
    }

    private static let delete = Operation(
        .delete, "/v1/users/{user}", id: "deleteUser", tag: "Users", "Delete a user", access: .oneself, answer: .nothing
    ) {
        $0.isConditional = true
        $0.detail = """
            Their keys are revoked, their personal org goes with them, their seats are given up. Refused while another \
            org would be left without an OWNER.
            """
    } run: { call in
        let before = try await Self.json(Self.find(call))
        try call.expect(before)
        let id = try call.parameter("user")
        let orgs = try await Orgs(call.database).list(of: id)
        guard try await Users(call.database).delete(id) else { throw AdminProblem(.resourceNotFound) }
        call.audit("user.delete", id, org: nil, before: before)
        // Their keys are in the outbox by the org; so that each is published before the answer.
        for org in orgs { call.audit("org.member_left", id, org: org.id) }
        return .nothing
    }

    /// - Throws: 404, for deleted ones too unless an operator looks.
    private static func find(_ call: Call) async throws -> User {
        guard let user = try await Users(call.database).find(call.parameter("user")),
            user.deletedAt == nil || (call.caller.isOperator && !call.operation.isChange)
        else { throw AdminProblem(.resourceNotFound) }
        return user
    }
}
