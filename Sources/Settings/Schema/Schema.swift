import Domain

/// Everything that a config file may say. Adding a field to `Configuration`? Add its line to the record here; the
/// parser, `config/tollgate.yaml` and `docs/config.md` follow (`UPDATE_GOLDEN=1`), and a test counts the fields.
enum Schema {
    static func configuration() -> Record<Configuration> {
        var list = FieldList { Configuration() }
        list.add("edge", \.edge, edge().shape, "The listener that clients talk to, and what bounds one connection.")
        list.add("admin", \.admin, admin().shape, "The listener for operators: health, metrics, problem pages.")
        list.add("redis", \.redis, redis().shape, "The Redis that decides.")
        list.add("postgres", \.postgres, postgres().shape, "The PostgreSQL that remembers.")
        list.add("journal", \.journal, journal().shape, "The journal of what was served.")
        list.add("keys", \.keys, keys().shape, "API keys.")
        list.add("errors", \.errors, errors().shape, "Problem documents (RFC 9457).")
        list.add("logging", \.logging, logging().shape, "What is written, how and where.")
        list.add("workers", \.workers, workers().shape, "Background work.")
        list.add(
            "limits", \.limits, limit().shape.list(),
            "Limits that apply to every authenticated route, besides those of the plan and of the route.")
        list.add(
            "plans", \.plans, plan().shape.list(),
            "What an organisation can buy, and what that grants. Seeds the records; a plan that was changed through the "
                + "admin API is theirs.")
        list.add("upstreams", \.upstreams, upstream().shape.list(), "The services that requests are forwarded to.")
        list.add(
            "routes", \.routes, route().shape.list(),
            "Which requests are served, and what happens to them. The most specific route wins; the order of the file "
                + "breaks ties.")
        return Record(
            title: "configuration", summary: "The whole file.", blank: { Configuration() },
            sample: { Configuration() }, fields: list.fields)
    }

    static func edge() -> Record<EdgeSettings> {
        var list = FieldList { EdgeSettings() }
        list.add(
            "listen", \.listen, Shapes.address(ports: 0...65_535),
            "Address and port to accept on; port 0 takes a free one.")
        list.add("threads", \.threads, Shapes.integer(0...1_024), "Event loops; 0 means one for each core.")
        list.add(
            "via_name", \.viaName,
            Shapes.text("token", expected: "a token: letters, digits and -._", where: TokenText.isToken),
            "The name in `Via`; a request that carries it already is answered as a loop.")
        list.add(
            "trusted_proxies", \.trustedProxies, network().list(),
            "Peers whose `Forwarded` and `X-Forwarded-*` are believed.")
        list.add(
            "connections_max", \.connectionsMax, Shapes.integer(1...10_000_000),
            "Connections accepted at the same time.")
        list.add(
            "request_line_size_max", \.requestLineBytesMax, Shapes.size(min: 256, max: 1 << 20),
            "The longest request line; longer ones are answered 414.")
        list.add(
            "head_size_max", \.headBytesMax, Shapes.size(min: 1_024, max: 1 << 20),
            "The largest head, request line and fields together; larger ones are answered 431.")
        list.add(
            "head_fields_max", \.headFieldsMax, Shapes.integer(8...10_000), "The most header fields in one request.")
        list.add(
            "head_timeout", \.headTimeoutMs, Shapes.duration(),
            "From the first byte of a request to the end of its head.")
        list.add(
            "body_idle_timeout", \.bodyIdleTimeoutMs, Shapes.duration(), "Between two reads of a request body.")
        list.add(
            "keep_alive_timeout", \.keepAliveTimeoutMs, Shapes.duration(),
            "A keep-alive connection without a request is closed after this.")
        list.add(
            "drain_timeout", \.drainTimeoutMs, Shapes.duration(), "How long SIGTERM waits for requests in flight.")
        list.add(
            "address_limit", \.addressLimit, addressLimit().shape.orNone(),
            "The limit for one client address before authentication, kept by each event loop in memory; null is none.")
        list.add(
            "legacy_rate_limit_fields", \.legacyRateLimitFields, Shapes.flag(),
            "Whether `X-RateLimit-*` is sent beside `RateLimit`; its reset is in epoch seconds.")
        list.add("key_cache", \.keyCache, keyCache().shape, "What each event loop remembers of API keys.")
        return Record(
            title: "edge", summary: "The listener that clients talk to.", blank: { EdgeSettings() },
            sample: { EdgeSettings() }, fields: list.fields)
    }

    static func keyCache() -> Record<KeyCacheSettings> {
        var list = FieldList { KeyCacheSettings() }
        list.add("entries_max", \.entriesMax, Shapes.integer(1...10_000_000), "Principals kept by one event loop.")
        list.add(
            "negative_entries_max", \.negativeEntriesMax, Shapes.integer(0...10_000_000),
            "Unknown keys remembered by one event loop.")
        list.add(
            "negative_ttl", \.negativeTtlMs, Shapes.duration(max: 3_600_000), "How long an unknown key is remembered.")
        list.add(
            "fallback_per_second_max", \.fallbackPerSecondMax, Shapes.integer(0...100_000),
            "Look-ups a second and gateway process, of keys that Redis does not know, that may reach PostgreSQL.")
        return Record(
            title: "key cache", summary: "What each event loop remembers of API keys.", blank: { KeyCacheSettings() },
            sample: { KeyCacheSettings() }, fields: list.fields)
    }

    static func network() -> Shape<String> {
        Shapes.checked(
            "network", expected: "a network in CIDR notation, such as 10.0.0.0/8 or 2001:db8::/32",
            IPText.objection(toNetwork:))
    }
}
