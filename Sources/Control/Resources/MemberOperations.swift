import Records

/// Who is in an org.
enum MemberOperations {
    static let all = [Self.list, Self.get, Self.put, Self.remove]

    static let shape = ObjectShape(
        "Member",
        Field("user_id", .text(.id("usr")), ""),
        Field("email", .plainText, ""),
        Field("role", .choice(RecordText.roles), ""))

    static func json(_ member: Membership) -> JSON {
        ["user_id": .string(member.userID), "email": .string(member.email), "role": .string(member.role.rawValue)]
    }

    private static let list = Operation(
        .get, "/v1/orgs/{org}/members", id: "listMembers", tag: "Members", "Members of an org",
        access: .members(.member), answer: .page(of: shape)
    ) {
        $0.paging = .byName
    } run: { call in
        let members = try await Orgs(call.database).members(
            of: call.pathOrg().id, after: call.after, limit: call.limit + 1)
        return call.page(members, cursor: \.userID, Self.json)
    }

    private static let get = Operation(
        .get, "/v1/orgs/{org}/members/{user}", id: "getMember", tag: "Members", "A member", access: .members(.member),
        answer: .record(.object(shape), hasETag: true)
    ) { call in
        guard let member = try await Self.find(call) else { throw AdminProblem(.resourceNotFound) }
        let json = Self.json(member)
        return .record(json, tagged: json)
    }

    private static let put = Operation(
        .put, "/v1/orgs/{org}/members/{user}", id: "putMember", tag: "Members",
        "Give a user a seat, or another role", access: .members(.admin),
        answer: .record(.object(shape), hasETag: true)
    ) {
        $0.isConditional = true
        $0.detail = """
            Only an OWNER gives or takes the role OWNER. An org always keeps one. Who gives a new seat and is no operator \
            must know the user's address.
            """
        $0.body = .object(
            ObjectShape(
                "MemberRole", Field("role", .choice(RecordText.roles), ""),
                .optional("email", .text(.email), "The user's address; for a new seat.")
            ).puttingBack(Self.shape))
    } run: { call in
        let org = try call.pathOrg()
        let userID = try call.parameter("user")
        let before = try await Self.find(call)
        if let before { try call.expect(Self.json(before)) } else { try call.expect(.null) }
        try call.expectReadOnly(["user_id": .string(userID)])
        try Self.checkAddress(call, before)
        guard let role = MembershipRole(rawValue: try call.text("role")) else { throw AdminProblem(.internalError) }
        try Self.check(call, touching: [before?.role, role])
        let user = try await Users(call.database).find(userID)
        let isKnown = call.caller.isOperator || before != nil || user?.email == call.body["email"]?.text
        guard let user, user.deletedAt == nil, isKnown else {
            throw AdminProblem(.resourceNotFound, detail: "There is no such user, or not with this address.")
        }
        try await Orgs(call.database).setRole(role, of: userID, in: org.id)
        guard let after = try await Self.find(call) else { throw AdminProblem(.internalError) }
        let json = Self.json(after)
        call.audit("member.put", userID, org: org.id, before: before.map(Self.json), after: json)
        return .record(json, tagged: json)
    }

    private static let remove = Operation(
        .delete, "/v1/orgs/{org}/members/{user}", id: "removeMember", tag: "Members", "Take a user's seat away",
        access: .members(.member), answer: .nothing
    ) {
        $0.isConditional = true
        $0.detail = "Their tokens for this org end with it. A MEMBER may give up their own seat only."
    } run: { call in
        let org = try call.pathOrg()
        let userID = try call.parameter("user")
        guard let before = try await Self.find(call) else { throw AdminProblem(.resourceNotFound) }
        try call.expect(Self.json(before))
        if call.caller.userID != userID {
            guard call.caller.has(.admin) else {
                throw AdminProblem(.insufficientRole, detail: "A MEMBER may give up their own seat only.")
            }
            try Self.check(call, touching: [before.role])
        }
        guard try await Orgs(call.database).removeMember(userID, from: org.id) else {
            throw AdminProblem(.resourceNotFound)
        }
        call.audit("member.remove", userID, org: org.id, before: Self.json(before))
        return .nothing
    }

    private static func find(_ call: Call) async throws -> Membership? {
        try await Orgs(call.database).member(call.parameter("user"), of: call.pathOrg().id)
    }

    /// An address can be said for a new seat, but not changed here.
    ///
    /// - Throws: 409: whether it fits depends on there being a seat.
    private static func checkAddress(_ call: Call, _ member: Membership?) throws {
        guard let member, let email = call.body["email"]?.text, email.lowercased() != member.email.lowercased() else {
            return
        }
        throw AdminProblem(
            .conflict, detail: "The user's address (email) is read-only here; its value is \"\(member.email)\".")
    }

    private static func check(_ call: Call, touching roles: [MembershipRole?]) throws {
        guard !roles.contains(.owner) || call.caller.has(.owner) else {
            throw AdminProblem(.insufficientRole, detail: "Only an OWNER gives or takes the role OWNER.")
        }
    }
}
