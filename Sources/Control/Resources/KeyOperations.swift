import Digests
import Domain
import PostgresClient
import Records

/// API keys.
enum KeyOperations {
    static let all = [Self.list, Self.create, Self.get, Self.change, Self.revoke, Self.rotate]

    static let shape = ObjectShape("APIKey", fields: Self.fields)
    private static let created = ObjectShape(
        "CreatedAPIKey", fields: Self.fields + [Field("key", .plainText, "The key itself, shown this once.")])

    private static let fields = [
        Field("id", .text(.id("key")), ""),
        Field("org_id", .text(.id("org")), ""),
        Field("user_id", .orNull(.text(.id("usr"))), "The user it speaks for."),
        Field("name", .plainText, ""),
        Field("prefix", .plainText, "The key's first 12 characters."),
        Field("environment", .choice(RecordText.environments), ""),
        Field("status", .choice(["active", "revoked", "expired"]), ""),
        Field("scopes", .list(.plainText, max: 100), ""),
        Field("allowed_addresses", .list(.plainText, max: 64), "Networks that it may be used from; none is anywhere."),
        Field("created_at", .time, ""),
        Field("last_used_at", .orNull(.time), "As far as it has been written."),
        Field("expires_at", .orNull(.time), "From when on it is refused."),
        Field("revoked_at", .orNull(.time), ""),
        Field("rotated_from", .orNull(.text(.id("key"))), "The key that it replaced."),
        Field("lineage_id", .plainText, "The first of its chain of rotations: they share their limits."),
    ]

    static func json(_ key: APIKey) -> JSON {
        let isExpired = key.expiresAt.map { $0 <= .now } ?? false
        let status = key.status == .active && isExpired ? "expired" : key.status.rawValue
        return [
            "id": .string(key.id), "org_id": .string(key.orgID), "user_id": .text(key.userID),
            "name": .string(key.name), "prefix": .string(key.material.prefix),
            "environment": .string(key.environment.rawValue), "status": .string(status), "scopes": .texts(key.scopes),
            "allowed_addresses": .texts(key.allowedAddresses),
            "created_at": .time(key.createdAt), "last_used_at": .time(key.lastUsedAt),
            "expires_at": .time(key.expiresAt), "revoked_at": .time(key.revokedAt),
            "rotated_from": .text(key.rotatedFrom), "lineage_id": .string(key.lineageID),
        ]
    }

    /// What the `ETag` is made of: a use changes nothing.
    private static func tagged(_ json: JSON) -> JSON { json.without("last_used_at") }

    private static let list = Operation(
        .get, "/v1/orgs/{org}/keys", id: "listKeys", tag: "API keys", "An org's keys by age", access: .members(.member),
        answer: .page(of: shape)
    ) {
        $0.paging = .byName
        $0.query = [
            Parameter("environment", .choice(RecordText.environments), "Only those of this environment."),
            Parameter("status", .choice(["active", "revoked"]), "Only those in this state."),
            Parameter("user_id", .text(.id("usr")), "Only those that speak for this user."),
            Parameter("prefix", .text(.free(12...12)), "Only those that begin with these 12 characters."),
        ]
    } run: { call in
        var filter = APIKeys.Filter()
        filter.environment = call.query["environment"]?.text.flatMap(Environment.init(rawValue:))
        filter.status = call.query["status"]?.text.flatMap(KeyRecord.Status.init(rawValue:))
        filter.userID = call.query["user_id"]?.text
        filter.prefix = call.query["prefix"]?.text
        let keys = try await APIKeys(call.database).list(
            of: call.pathOrg().id, filter, after: call.after, limit: call.limit + 1)
        return call.page(keys, cursor: \.id, Self.json)
    }

    private static let create = Operation(
        .post, "/v1/orgs/{org}/keys", id: "createKey", tag: "API keys", "Make a key; it is shown once",
        access: .members(.member), answer: .created(.object(created), hasETag: true)
    ) {
        $0.detail = "A MEMBER makes keys that speak for themselves."
        $0.body = .object(
            ObjectShape(
                "NewAPIKey",
                .optional("name", .text(.free(0...200, example: "ci")), "", fallback: ""),
                .optional("environment", .choice(RecordText.environments), "", fallback: "live"),
                .optional("scopes", .list(.text(.scope), max: 64), "What it may do.", fallback: []),
                Self.addresses,
                .optional("user_id", .orNull(.text(.id("usr"))), "The user it speaks for: a member of the org."),
                .optional(
                    "expires_in_s", .integer(1...RecordText.secondsMax), "How long it lives; for ever if not said.")))
    } run: { call in
        let org = try call.pathOrg()
        let userID = try await Self.owner(call, org)
        let environment = call.body["environment"]?.text.flatMap(Environment.init(rawValue:)) ?? .live
        let fresh = FreshKey(brand: call.stores.configuration.keys.brand, environment: environment)
        let key = try await APIKeys(call.database).insert(
            NewAPIKey(
                id: NewID.make("key_"), orgID: org.id, userID: userID, name: call.body["name"]?.text ?? "",
                material: fresh.material, environment: environment, scopes: call.body["scopes"]?.texts ?? [],
                expiresAt: call.body["expires_in_s"]?.integer.map { PostgresInstant.now.advanced(by: .seconds($0)) },
                allowedAddresses: try Self.networks(call) ?? []))
        let json = Self.json(key)
        call.audit("api_key.create", key.id, org: org.id, after: json)
        return .created(
            json.with("key", .string(fresh.text)), at: "/v1/orgs/\(org.id)/keys/\(key.id)", tagged: Self.tagged(json))
    }

    private static let get = Operation(
        .get, "/v1/orgs/{org}/keys/{key}", id: "getKey", tag: "API keys", "A key", access: .members(.member),
        answer: .record(.object(shape), hasETag: true)
    ) { call in
        let json = try await Self.json(Self.find(call))
        return .record(json, tagged: Self.tagged(json))
    }

    private static let change = Operation(
        .patch, "/v1/orgs/{org}/keys/{key}", id: "updateKey", tag: "API keys", "Change name, scopes or networks",
        access: .members(.member), answer: .record(.object(shape), hasETag: true)
    ) {
        $0.isConditional = true
        $0.detail = "A MEMBER changes their own keys."
        $0.body = .object(
            ObjectShape(
                "APIKeyChange", isChange: true,
                .optional("name", .text(.free(0...200, example: "ci")), ""),
                .optional("scopes", .list(.text(.scope), max: 64), ""), Self.addresses
            ).puttingBack(Self.shape, passingOver: "last_used_at", "status"))
    } run: { call in
        let before = try await Self.json(Self.own(call))
        try call.expect(Self.tagged(before))
        let org = try call.pathOrg()
        let changed = try await APIKeys(call.database).change(
            call.parameter("key"), of: org.id, name: call.body["name"]?.text, scopes: call.body["scopes"]?.texts,
            allowedAddresses: try Self.networks(call))
        guard let changed else { throw AdminProblem(.resourceNotFound) }
        let after = Self.json(changed)
        call.audit("api_key.update", changed.id, org: org.id, before: before, after: after)
        return .record(after, tagged: Self.tagged(after))
    }

    private static let revoke = Operation(
        .delete, "/v1/orgs/{org}/keys/{key}", id: "revokeKey", tag: "API keys", "Revoke a key for good",
        access: .members(.member), answer: .nothing
    ) {
        $0.isConditional = true
        $0.detail = "A MEMBER revokes their own keys. The record stays."
    } run: { call in
        let before = try await Self.json(Self.own(call))
        try call.expect(Self.tagged(before))
        let org = try call.pathOrg()
        guard let key = try await APIKeys(call.database).revoke(call.parameter("key"), of: org.id) else {
            throw AdminProblem(.resourceNotFound)
        }
        call.audit("api_key.revoke", key.id, org: org.id, before: before, after: Self.json(key))
        return .nothing
    }

    private static let rotate = Operation(
        .post, "/v1/orgs/{org}/keys/{key}/rotate", id: "rotateKey", tag: "API keys",
        "Replace a key; the old one goes on for a grace period", access: .members(.member),
        answer: .created(.object(created), hasETag: true)
    ) {
        $0.detail = "Both share their limits while both are good. A MEMBER rotates their own keys."
        $0.body = .object(
            ObjectShape(
                "KeyRotation",
                .optional("grace_s", .integer(0...31_536_000), "How long the old key goes on.", fallback: 86_400),
                .optional("expires_in_s", .integer(1...RecordText.secondsMax), "How long the new one lives.")))
    } run: { call in
        let known = try await Self.own(call)
        let fresh = FreshKey(brand: call.stores.configuration.keys.brand, environment: known.environment)
        let org = try call.pathOrg()
        let (new, old) = try await APIKeys(call.database).rotate(
            known.id, of: org.id, to: NewID.make("key_"), fresh.material,
            grace: .seconds(call.body["grace_s"]?.integer ?? 86_400),
            expiresAt: call.body["expires_in_s"]?.integer.map { PostgresInstant.now.advanced(by: .seconds($0)) })
        call.audit("api_key.rotate", old.id, org: org.id, before: Self.json(known), after: Self.json(old))
        let json = Self.json(new)
        call.audit("api_key.create", new.id, org: org.id, after: json)
        return .created(
            json.with("key", .string(fresh.text)), at: "/v1/orgs/\(org.id)/keys/\(new.id)", tagged: Self.tagged(json))
    }

    // MARK: Parts

    private static let addresses = Field.optional(
        "allowed_addresses", .list(.text(.network), max: 64),
        """
        Addresses and networks that it may be used from, such as 192.0.2.0/24; none is anywhere. Bits beyond a network's \
        length are cleared.
        """, fallback: [])

    private static func networks(_ call: Call) throws -> [String]? {
        try call.body["allowed_addresses"]?.texts.map { try Network.canonical($0, at: "/allowed_addresses") }
    }

    private static func find(_ call: Call) async throws -> APIKey {
        guard let key = try await APIKeys(call.database).find(call.parameter("key"), of: call.pathOrg().id) else {
            throw AdminProblem(.resourceNotFound)
        }
        return key
    }

    /// The key, if the caller may change it.
    private static func own(_ call: Call) async throws -> APIKey {
        let key = try await Self.find(call)
        guard call.caller.has(.admin) || key.userID == call.caller.userID else {
            throw AdminProblem(.insufficientRole, detail: "A MEMBER changes their own keys only.")
        }
        return key
    }

    /// Whom a new key speaks for.
    private static func owner(_ call: Call, _ org: Org) async throws -> String? {
        guard call.caller.has(.admin) else {
            guard let userID = call.body["user_id"]?.text, userID != call.caller.userID else {
                return call.caller.userID
            }
            throw AdminProblem(.insufficientRole, detail: "A MEMBER makes keys for themselves only.")
        }
        guard let userID = call.body["user_id"]?.text else { return nil }
        guard try await Orgs(call.database).member(userID, of: org.id) != nil else {
            throw AdminProblem(.conflict, detail: "There is no such member of this org (user_id).")
        }
        return userID
    }
}

/// A key just made: the only moment when it is known.
private struct FreshKey {
    let text: String
    let material: KeyMaterial

    init(brand: String, environment: Domain.Environment) {
        let format = KeyFormat(brand: brand)
        self.text = format.generate(environment: environment) { SecureRandom.byte() }
        self.material = KeyMaterial(
            hash: SHA256Digest(of: self.text).hexText, algorithm: .sha256, prefix: format.displayPrefix(self.text))
    }
}
