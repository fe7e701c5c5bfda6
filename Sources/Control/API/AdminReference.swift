import Domain
import Records

/// `docs/admin-api.md`: what the API is like, and who may do what, from the declarations of its operations.
enum AdminReference {
    static func document(_ operations: [Operation]) -> String {
        var text = Self.introduction
        var tag = ""
        for operation in operations {
            if operation.tag != tag {
                tag = operation.tag
                text += "\n### \(tag)\n\n| operation | method and path | operator | OWNER | ADMIN | MEMBER |\n"
                text += "|---|---|---|---|---|---|\n"
            }
            let marks = Self.columns.map { Self.mark(operation.access, $0) }.joined(separator: " | ")
            text += "| `\(operation.id)` | `\(operation.method.rawValue) \(operation.path)` | \(marks) |\n"
        }
        return text
    }

    private static let columns: [MembershipRole?] = [nil, .owner, .admin, .member]

    private static func mark(_ access: Access, _ role: MembershipRole?) -> String {
        guard let role else { return "yes" }
        switch access {
        case .anyone, .authenticated: return "yes"
        case .operators: return "no"
        case .oneself: return "oneself"
        case .members(let least): return role >= least ? "yes" : "no"
        }
    }

    private static let introduction = """
        # Admin API

        The control plane listens on `admin.listen` (default `127.0.0.1:8081`). `GET /openapi.json` describes it \
        (OpenAPI 3.1; kept in this folder as `openapi.json`). This page is generated from the same table as the routes.

        ## Rules for all operations

        - **Credentials**: `Authorization: Bearer <token>`. `tollgate admin token create` makes an operator's token and \
        shows it once; only its hash is stored. Members of an org have tokens of their own \
        (`POST /v1/orgs/{org}/tokens`): each speaks for one user in one org, with the role that the user has there at \
        the time of the request. All tokens expire. A member never sees another org: its ids are answered with 404.
        - **Failed log-ins** are counted by address (20, or `admin.failed_logins`; one is forgotten every 3 s) and by the \
        beginning of the token (half as many; one every 12 s); beyond that the answer is 429 with `Retry-After`. A token \
        that was good before is not concerned.
        - **Bodies** are JSON (`Content-Type: application/json`, UTF-8, \(BodyReader.bytesMax / 1024) KiB at most). \
        Members that are not in the schema are refused, and so are unknown parameters of the query: 400 for what cannot \
        be read, 422 for what does not fit, each with `errors` that name every place.
        - **What was read can be put back**: where a record can be both read and changed at one path, PUT or PATCH takes \
        what GET gave, as it is. Read-only members (`readOnly` in the schema of the body) may be left out or given as they were \
        read; one that differs is a 422 that names it and says its value. Not compared are members that change by \
        themselves or with every change: an org's `version`, a key's `last_used_at` and `status`, a plan's `source`, of a \
        webhook's endpoint `updated_at`, `last_triggered_at` and `last_status_code`. An override is put back as its list gives it. A plan \
        that is put is the records' from then on (`source`).
        - **Lists** give `data` and `next_cursor`. `limit` is 1 to 100 (default 20); `cursor` is the `next_cursor` of \
        the page before, opaque.
        - **`ETag` and `If-Match`**: a record that has an `ETag` can be changed with `If-Match`; if it is another version \
        by then, the answer is 412 and nothing happened. `If-Match` is never required: without it the last change wins. `If-Match: *` asks for \
        nothing but that there is a record.
        - **`Idempotency-Key`** on POST: the answer is kept for 24 hours, in the same transaction as the change. The \
        same request gets it again (`Idempotent-Replayed: true`), another request with that key 422, one that comes \
        while the first is running 409. What is stored is sealed with the caller's token, because it may hold a new key.
        - **Audit**: every change is entered, in its transaction, with caller, address, request id, and the record before \
        and after. Entries form a hash chain (`GET /v1/audit/verification`).
        - **Effect at the edge**: a change is published before it is answered (and by the outbox if that fails): the \
        next request meets it.
        - **PostgreSQL away**: 503 `records-unavailable` with `Retry-After`.
        - Errors are problem documents; `docs/errors.md` lists them.

        ## Who may do what

        `oneself`: only for the token's own user. Members act in their own org only.

        """
}
