import Records

/// Organisations.
enum OrgOperations {
    static let all = [
        Self.list, Self.create, Self.get, Self.change, Self.delete, Self.setPlan, Self.setExpiry, Self.suspend,
        Self.resume,
    ]

    static let shape = ObjectShape(
        "Org",
        Field("id", .text(.id("org")), ""),
        Field("name", .plainText, ""),
        Field("slug", .text(.slug), "Unique."),
        Field("plan", .text(.planCode), ""),
        Field("status", .choice(["active", "suspended", "deleted"]), "Requests are served while it is active."),
        Field("personal", .boolean, "Made by signing up."),
        Field("stripe_customer_id", .orNull(.plainText), ""),
        Field("version", .integer(1...Int64.max), "Rises with every change that the edge must see."),
        Field("created_at", .time, ""),
        Field("expires_at", .orNull(.time), "From when on its keys are refused."),
        Field("deleted_at", .orNull(.time), ""))

    static func json(_ org: Org) -> JSON {
        [
            "id": .string(org.id), "name": .string(org.name), "slug": .string(org.slug), "plan": .string(org.plan),
            "status": .string(org.deletedAt == nil ? org.status.rawValue : "deleted"),
            "personal": .bool(org.isPersonal),
            "stripe_customer_id": .text(org.stripeCustomerID), "version": .integer(org.version),
            "created_at": .time(org.createdAt), "expires_at": .time(org.expiresAt), "deleted_at": .time(org.deletedAt),
        ]
    }

    /// What the `ETag` is made of: keys, limits and flags raise the version without changing the org itself.
    static func tagged(_ json: JSON) -> JSON { json.without("version") }

    private static let list = Operation(
        .get, "/v1/orgs", id: "listOrgs", tag: "Orgs", "Orgs by age; a member sees their own", access: .authenticated,
        answer: .page(of: shape)
    ) {
        $0.paging = .byName
        $0.query = [
            Parameter("plan", .text(.planCode), "Only those on this plan."),
            Parameter("status", .choice(["active", "suspended"]), "Only those in this state."),
            Parameter("slug", .text(.slug), "Only the one with this slug."),
            Parameter("include_deleted", .boolean, "Deleted ones too; for operators."),
        ]
    } run: { call in
        var filter = Orgs.Filter()
        filter.plan = call.query["plan"]?.text
        filter.status = call.query["status"]?.text.flatMap(Org.Status.init(rawValue:))
        filter.slug = call.query["slug"]?.text
        filter.includesDeleted = call.caller.isOperator && call.query["include_deleted"]?.bool == true
        filter.id = call.caller.orgID
        let orgs = try await Orgs(call.database).list(filter, after: call.after, limit: call.limit + 1)
        return call.page(orgs, cursor: \.id, Self.json)
    }

    private static let create = Operation(
        .post, "/v1/orgs", id: "createOrg", tag: "Orgs", "Make an org with its first owner", access: .operators,
        answer: .created(.object(shape), hasETag: true)
    ) {
        $0.body = .object(
            ObjectShape(
                "NewOrg",
                Field("name", .text(.free(1...200, example: "Acme")), ""),
                .optional("slug", .text(.slug), "Made of the name if not said."),
                .optional("plan", .text(.planCode), "", fallback: "FREE"),
                Field("owner_id", .text(.id("usr")), "An existing user, who becomes OWNER.")))
    } run: { call in
        let id = NewID.make("org_")
        let name = try call.text("name")
        let owner = try call.text("owner_id")
        guard try await Users(call.database).find(owner).map({ $0.deletedAt == nil }) == true else {
            throw AdminProblem(.conflict, detail: "There is no such user (owner_id).")
        }
        let org = try await Orgs(call.database).create(
            NewOrg(
                id: id, name: name, slug: call.body["slug"]?.text ?? RecordText.slug(for: name, id: id),
                plan: call.body["plan"]?.text ?? "FREE"), owner: owner)
        let json = Self.json(org)
        call.audit("org.create", id, org: id, after: json)
        return .created(json, at: "/v1/orgs/\(id)", tagged: Self.tagged(json))
    }

    private static let get = Operation(
        .get, "/v1/orgs/{org}", id: "getOrg", tag: "Orgs", "An org", access: .members(.member),
        answer: .record(.object(shape), hasETag: true)
    ) {
        $0.seesDeletedOrgs = true
    } run: { call in
        let json = try Self.json(call.pathOrg())
        return .record(json, tagged: Self.tagged(json))
    }

    private static let change = Operation(
        .patch, "/v1/orgs/{org}", id: "updateOrg", tag: "Orgs", "Change name or slug", access: .members(.admin),
        answer: .record(.object(shape), hasETag: true)
    ) {
        $0.isConditional = true
        $0.body = .object(
            ObjectShape(
                "OrgChange", isChange: true,
                .optional("name", .text(.free(1...200, example: "Acme")), ""),
                .optional("slug", .text(.slug), "")
            ).puttingBack(Self.shape, passingOver: "version"))
    } run: { call in
        try await Self.changed(call, "org.update") { orgs, id in
            try await orgs.rename(id, name: call.body["name"]?.text, slug: call.body["slug"]?.text)
        }
    }

    private static let setPlan = Operation(
        .put, "/v1/orgs/{org}/plan", id: "setOrgPlan", tag: "Orgs", "Move an org to another plan", access: .operators,
        answer: .record(.object(shape), hasETag: true)
    ) {
        $0.isConditional = true
        $0.body = .object(ObjectShape("OrgPlan", Field("plan", .text(.planCode), "")))
    } run: { call in
        let plan = try call.text("plan")
        return try await Self.changed(call, "org.set_plan") { orgs, id in try await orgs.setPlan(plan, of: id) }
    }

    private static let setExpiry = Operation(
        .put, "/v1/orgs/{org}/expiry", id: "setOrgExpiry", tag: "Orgs", "Say when an org's access ends",
        access: .operators, answer: .record(.object(shape), hasETag: true)
    ) {
        $0.isConditional = true
        $0.body = .object(
            ObjectShape(
                "OrgExpiry", Field("expires_at", .orNull(.time), "Its keys are refused from then on; null is never.")))
    } run: { call in
        let expiry = call.body["expires_at"]?.text.flatMap(Timestamp.parse)
        return try await Self.changed(call, "org.set_expiry") { orgs, id in try await orgs.setExpiry(expiry, of: id) }
    }

    private static let suspend = Operation(
        .post, "/v1/orgs/{org}/suspend", id: "suspendOrg", tag: "Orgs", "Refuse an org's requests until it is resumed",
        access: .operators, answer: .record(.object(shape), hasETag: true)
    ) { call in
        try await Self.changed(call, "org.suspend") { orgs, id in try await orgs.setStatus(.suspended, of: id) }
    }

    private static let resume = Operation(
        .post, "/v1/orgs/{org}/resume", id: "resumeOrg", tag: "Orgs", "Serve a suspended org again", access: .operators,
        answer: .record(.object(shape), hasETag: true)
    ) { call in
        try await Self.changed(call, "org.resume") { orgs, id in try await orgs.setStatus(.active, of: id) }
    }

    private static let delete = Operation(
        .delete, "/v1/orgs/{org}", id: "deleteOrg", tag: "Orgs", "Delete an org", access: .members(.owner),
        answer: .nothing
    ) {
        $0.isConditional = true
        $0.detail = "Its keys are revoked, queued jobs cancelled, webhooks silenced. Its records stay."
    } run: { call in
        let org = try call.pathOrg()
        let before = Self.json(org)
        try call.expect(Self.tagged(before))
        guard try await Orgs(call.database).delete(org.id) else { throw AdminProblem(.resourceNotFound) }
        call.audit("org.delete", org.id, org: org.id, before: before)
        return .nothing
    }

    private static func changed(
        _ call: Call, _ action: String, _ change: (Orgs, String) async throws -> Org
    ) async throws -> Reply {
        let org = try call.pathOrg()
        let before = Self.json(org)
        try call.expect(Self.tagged(before))
        let after = try await Self.json(change(Orgs(call.database), org.id))
        call.audit(action, org.id, org: org.id, before: before, after: after)
        return .record(after, tagged: Self.tagged(after))
    }
}
