import Domain

/// Where requests go.
extension Schema {
    static func upstream() -> Record<Upstream> {
        var list = FieldList { Upstream(name: "", endpoints: []) }
        list.add("name", \.name, identifier("upstream name"), "What routes refer to.", isRequired: true)
        list.add(
            "endpoints", \.endpoints, Shapes.address(ports: 1...65_535).list(countMax: 1_000),
            "Where the service answers; all of them answer alike.", isRequired: true)
        list.add(
            "connections_max", \.connectionsMax, Shapes.integer(1...100_000),
            "Connections that one event loop keeps to one endpoint.")
        list.add(
            "waiters_max", \.waitersMax, Shapes.integer(0...1_000_000),
            "Requests of one event loop that may wait for a connection; one more is answered 503.")
        list.add("wait_timeout", \.waitTimeoutMs, Shapes.duration(), "How long a request may wait for one.")
        list.add("idle_timeout", \.idleTimeoutMs, Shapes.duration(), "An idle connection is closed after this.")
        return Record(
            title: "upstream", summary: "A service that requests are forwarded to.", blank: list.blank,
            sample: { Upstream(name: "jobs", endpoints: [ListenAddress(host: "127.0.0.1", port: 9090)]) },
            fields: list.fields,
            check: { reader, path, upstream in
                if upstream.endpoints.isEmpty, !reader.hasError(at: path) {
                    reader.report(
                        "\(path).endpoints",
                        Complaint(
                            "empty", expected: "one endpoint at least", mend: "add the service's address and port"))
                }
            })
    }

    static func route() -> Record<Route> {
        var list = FieldList { Route(id: "", path: "", upstream: "") }
        addMatching(to: &list)
        addForwarding(to: &list)
        addAdmission(to: &list)
        return Record(
            title: "route", summary: "What a request must look like, and everything that then happens to it.",
            blank: list.blank, sample: { Route(id: "jobs-create", path: "/v1/jobs", upstream: "jobs") },
            fields: list.fields, check: RouteChecks.check)
    }

    private static func addMatching(to list: inout FieldList<Route>) {
        list.add(
            "id", \.id, identifier("route id"), "Unique; names the route in metrics, logs and keys of Redis.",
            isRequired: true)
        list.add(
            "hosts", \.hosts, RouteShapes.host().list(),
            "Host names served, `*.example.com` allowed; empty serves every host.")
        list.add(
            "methods", \.methods, RouteShapes.method().list(countMax: 32),
            "Methods taken; empty takes every method but TRACE and CONNECT.")
        list.add(
            "path", \.path, RouteShapes.path(),
            "`/v1/jobs` exactly, `/v1/jobs/{id}` one segment in braces, `/v1/**` everything at or below.",
            isRequired: true)
    }

    private static func addForwarding(to list: inout FieldList<Route>) {
        list.add("upstream", \.upstream, identifier("upstream name"), "Where requests go.", isRequired: true)
        list.add(
            "test_upstream", \.testUpstream, identifier("upstream name").orNone(),
            "Where requests with a `test` key go, if elsewhere.")
        list.add(
            "strip_prefix", \.stripPrefix, RouteShapes.prefix().orNone(),
            "Removed from the front of the path before forwarding.")
        list.add(
            "add_prefix", \.addPrefix, RouteShapes.prefix().orNone(), "Put in front of the path before forwarding.")
        list.add(
            "host_policy", \.hostPolicy, Shapes.choice(Route.HostPolicy.self),
            "The `Host` that the upstream sees: the client's, or the endpoint's own.")
        list.add("timeouts", \.timeouts, timeouts().shape, "Deadlines of one forwarded request.")
        list.add(
            "body_size_max", \.bodyBytesMax, Shapes.size(min: 0, max: 1 << 50),
            "The largest request body that is forwarded; larger ones are answered 413.")
        list.add(
            "upgrade", \.upgrade, Shapes.flag(), "Whether `Upgrade` is passed on and a 101 answer opens a tunnel.")
        list.add(
            "body_on_any_method", \.bodyOnAnyMethod, Shapes.flag(), "Whether safe methods and DELETE may carry content."
        )
    }

    private static func addAdmission(to list: inout FieldList<Route>) {
        list.add(
            "authentication", \.authentication, Shapes.choice(Route.Authentication.self),
            "Whether an API key is needed; without one nothing can be limited by org, metered or made idempotent.")
        list.add(
            "credentials", \.credentials, Shapes.choice(Route.Credential.self).list(),
            "Where a key may stand: "
                + "`Authorization: Bearer`, `X-API-Key`, or the user name of `Authorization: Basic`.")
        list.add("scopes", \.scopes, RouteShapes.scope().list(), "Scopes that the key must have, all of them.")
        list.add(
            "feature", \.feature, featureName().orNone(), "A feature that the caller's plan or org must have.")
        list.add(
            "limits", \.limits, limit().shape.list(), "Limits besides those of the plan and of the whole file.")
        list.add("concurrency", \.concurrency, concurrency().shape.list(), "Caps on requests in flight.")
        list.add(
            "cost", \.cost, RouteShapes.cost(),
            "What a request takes from limits of unit `cost`: a number, or `{header: x-cost, otherwise: 1, max: 100}`.")
        list.add("meters", \.meters, RouteShapes.meter(), "What a request counts.")
        list.add(
            "metered_body_size_max", \.meteredBodyBytesMax, Shapes.size(max: 1 << 30),
            "How much of a response may be held to read a meter from it.")
        list.add(
            "idempotency", \.idempotency, idempotency().shape.orNone(),
            "How `Idempotency-Key` is honoured; null passes it on without looking at it.")
        list.add(
            "store_failure", \.storeFailure, Shapes.choice(StoreFailurePolicy.self),
            "When Redis is away: `local` enforces limits from each process's memory, `deny` answers 503. A request "
                + "with an `Idempotency-Key` that is honoured is always denied.")
        list.add(
            "store_deadline", \.storeDeadlineMs, Shapes.duration(max: 60_000).orNone(),
            "The longest that a request of this route waits for Redis in all, before `store_failure` decides. "
                + "Routes with one deadline share a breaker. null is `redis.deadline`.")
    }

    static func timeouts() -> Record<RouteTimeouts> {
        var list = FieldList { RouteTimeouts() }
        list.add("connect", \.connectMs, Shapes.duration(), "To open a connection to the upstream.")
        list.add("head", \.headMs, Shapes.duration(), "From the request's last byte to the response's head.")
        list.add(
            "idle", \.idleMs, Shapes.duration(),
            "Between two reads of a response body; event streams usually want more.")
        list.add("total", \.totalMs, Shapes.duration(min: 0), "The whole exchange; 0 is no bound.")
        return Record(
            title: "timeouts", summary: "Deadlines of one forwarded request.", blank: list.blank, sample: list.blank,
            fields: list.fields)
    }

    static func idempotency() -> Record<IdempotencyPolicy> {
        var list = FieldList { IdempotencyPolicy() }
        list.add(
            "methods", \.methods, RouteShapes.method().list(countMax: 8), "Methods on which the header is acted on.")
        list.add("required", \.required, Shapes.flag(), "Whether a request without the header is refused with 400.")
        list.add(
            "scope", \.scope, Shapes.choice(IdempotencyPolicy.Scope.self), "Whom one key value belongs to.")
        list.add("ttl", \.ttlMs, Shapes.duration(min: 60_000), "How long a result is kept.")
        list.add(
            "request_size_max", \.requestBytesMax, Shapes.size(max: 1 << 26),
            "The largest request body that is buffered to compute the fingerprint; larger ones are answered 413.")
        list.add(
            "response_size_max", \.responseBytesMax, Shapes.size(max: 1 << 26),
            "The largest response that is stored for replay.")
        list.add(
            "fingerprint_headers", \.fingerprintHeaders, RouteShapes.headerName().list(),
            "Request headers that belong to the fingerprint, lower-case.")
        list.add(
            "replay_5xx", \.replay5xx, Shapes.choice(IdempotencyPolicy.Replay5xx.self),
            "Whether an upstream's 5xx is stored (as Stripe does) or releases the key.")
        list.add(
            "upstream_idempotent", \.upstreamIdempotent, Shapes.flag(),
            "Whether the upstream itself honours the forwarded key, so that an unknown outcome may be tried again.")
        list.add("durable", \.durable, Shapes.flag(), "Whether claim and result are kept in PostgreSQL too.")
        list.add(
            "durable_deadline", \.durableDeadlineMs, Shapes.duration(max: 60_000),
            "How long a request on a durable route waits for PostgreSQL's word on its key before it is answered 503.")
        list.add(
            "detached_timeout", \.detachedTimeoutMs, Shapes.duration(),
            "How long a keyed exchange is drained after its client has gone.")
        return Record(
            title: "idempotency", summary: "How a route honours `Idempotency-Key`.", blank: list.blank,
            sample: list.blank,
            fields: list.fields)
    }

    static func identifier(_ type: String) -> Shape<String> {
        Shapes.text(
            type, expected: "1 to 64 lower-case letters, digits and '-'",
            where: { TokenText.isLower($0, extra: "-", max: 64) })
    }
}
