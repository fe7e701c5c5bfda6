import Digests
import Domain
import HotStore
import PostgresClient
import Records
import RedisClient

/// Idempotency keys: the live claim in Redis, and the durable copy where a route asked for one.
enum IdempotencyOperations {
    static let all = [Self.get, Self.expire]

    private static let claim = ObjectShape(
        "IdempotencyClaim",
        Field("state", .choice(Claims.State.allCases.map(\.rawValue)), "`unknown`: its gateway went away meanwhile."),
        Field("request_id", .plainText, "The request that made it."),
        Field("fingerprint", .plainText, "SHA-256 of that request."),
        Field("response_status", .orNull(.integer(0...999)), ""),
        Field("response_bytes", .orNull(.integer(0...Int64.max)), ""),
        Field("expires_at", .time, ""))

    private static let copy = ObjectShape(
        "IdempotencyCopy",
        Field("state", .plainText, ""),
        Field("fingerprint", .plainText, "SHA-256 of the request."),
        Field("response_status", .orNull(.integer(100...599)), ""),
        Field("response_bytes", .orNull(.integer(0...Int64.max)), ""),
        Field("created_at", .time, ""),
        Field("expires_at", .time, ""))

    static let shape = ObjectShape(
        "IdempotencyKey",
        Field("environment", .choice(RecordText.environments), ""),
        Field("key", .plainText, ""),
        Field("live", .orNull(.object(claim)), "In Redis, for 24 hours."),
        Field("durable", .orNull(.object(copy)), "In PostgreSQL, for routes that ask for it."))

    private static let parameters = [
        Parameter(
            "api_key_id", .text(.id("key")), "For routes whose keys belong to one API key instead of the whole org.")
    ]

    private static let get = Operation(
        .get, "/v1/orgs/{org}/idempotency-keys/{environment}/{idempotency_key}", id: "getIdempotencyKey",
        tag: "Idempotency keys", "What became of the request with an Idempotency-Key", access: .members(.member),
        answer: .record(.object(shape))
    ) {
        $0.query = Self.parameters
    } run: { call in
        let (org, environment, key) = try Self.names(call)
        let live = try await Self.redis {
            try await Self.claims(call)?.find(
                org: org, environment, sha256Hex: SHA256Digest(of: key).hexText,
                keyID: call.query["api_key_id"]?.text ?? "")
        }
        let durable = try await IdempotencyKeys(call.database).find(key, of: org, environment)
        guard live != nil || durable != nil else { throw AdminProblem(.resourceNotFound) }
        return .record([
            "environment": .string(environment.rawValue), "key": .string(key),
            "live": live.map(Self.json) ?? .null, "durable": durable.map(Self.json) ?? .null,
        ])
    }

    private static let expire = Operation(
        .delete, "/v1/orgs/{org}/idempotency-keys/{environment}/{idempotency_key}", id: "expireIdempotencyKey",
        tag: "Idempotency keys", "Forget an Idempotency-Key: the next request with it runs afresh",
        access: .members(.admin), answer: .nothing
    ) {
        $0.detail = "One whose request may still be running stays: 409."
        $0.query = Self.parameters
    } run: { call in
        let (org, environment, key) = try Self.names(call)
        let isForgotten = try await IdempotencyKeys(call.database).expire(key, of: org, environment)
        let expiry = try await Self.redis {
            try await Self.claims(call)?.expire(
                org: org, environment, sha256Hex: SHA256Digest(of: key).hexText,
                keyID: call.query["api_key_id"]?.text ?? "")
        }
        if expiry == .running {
            throw AdminProblem(.conflict, detail: "Its request may still be running.")
        }
        guard isForgotten || expiry == .expired else { throw AdminProblem(.resourceNotFound) }
        call.audit(
            "idempotency_key.expire", key, org: org,
            before: ["environment": .string(environment.rawValue), "key": .string(key)])
        return .nothing
    }

    private static func names(_ call: Call) throws -> (org: String, Environment, key: String) {
        guard let environment = Environment(rawValue: try call.parameter("environment")) else {
            throw AdminProblem(.resourceNotFound)
        }
        return (try call.pathOrg().id, environment, try call.parameter("idempotency_key"))
    }

    private static func claims(_ call: Call) -> Claims? {
        call.stores.redis.map { Claims(redis: $0, keyspace: call.stores.keyspace) }
    }

    /// Redis away is a passing state.
    private static func redis<Value>(_ body: () async throws -> Value) async throws -> Value {
        do {
            return try await body()
        } catch is RedisFailure {
            throw AdminProblem(.limiterUnavailable, detail: "Redis cannot be reached.")
        }
    }

    private static func json(_ claim: Claims.Claim) -> JSON {
        [
            "state": .string(claim.state.rawValue), "request_id": .string(claim.requestID),
            "fingerprint": .string(claim.fingerprint), "response_status": .int(claim.responseStatus),
            "response_bytes": .int(claim.responseBytes),
            "expires_at": .time(PostgresInstant(unixMicroseconds: claim.expiresAtMs * 1_000)),
        ]
    }

    private static func json(_ copy: IdempotencyRecord) -> JSON {
        [
            "state": .string(copy.state), "fingerprint": .string(HexText.encode(copy.fingerprint.span)),
            "response_status": .int(copy.responseStatus), "response_bytes": .int(copy.responseBytes),
            "created_at": .time(copy.createdAt), "expires_at": .time(copy.expiresAt),
        ]
    }
}
