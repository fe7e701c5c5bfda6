import Domain

/// Listeners, stores and processes.
extension Schema {
    static func admin() -> Record<AdminSettings> {
        var list = FieldList { AdminSettings() }
        list.add(
            "listen", \.listen, Shapes.address(ports: 0...65_535),
            "Address and port to accept on; not to be reachable by clients. Port 0 takes a free one.")
        list.add(
            "failed_logins", \.failedLoginsMax, Shapes.integer(1...1_000_000),
            "Failed log-ins that one address may have before it must wait.")
        return Record(
            title: "admin", summary: "The listener for operators.", blank: { AdminSettings() },
            sample: { AdminSettings() }, fields: list.fields)
    }

    static func redis() -> Record<RedisSettings> {
        var list = FieldList { RedisSettings() }
        list.add(
            "url", \.url, redisURL(),
            "`redis://[user:password@]host[:port][/database]`, `unix:///path[?db=n]` for a socket, or "
                + "`redis-cluster://[user:password@]host[:port],host[:port],...` with some nodes of a Redis Cluster.",
            isSecret: true)
        list.add(
            "username", \.username, Shapes.text().orNone(), "The user to log in as; goes before that of the URL.")
        list.add(
            "password", \.password, Shapes.text().orNone(), "The password; goes before that of the URL.", isSecret: true
        )
        list.add(
            "key_prefix", \.keyPrefix,
            Shapes.text(
                "key prefix", expected: "up to 32 letters, digits and :._-", where: isKeyPrefix),
            "Put before every key, so that several products can share a server.")
        list.add("connect_timeout", \.connectTimeoutMs, Shapes.duration(), "How long connecting may take.")
        list.add(
            "deadline", \.deadlineMs, Shapes.duration(max: 60_000),
            "The longest any one command may take before the request goes on without Redis.")
        list.add(
            "pending_max", \.pendingMax, Shapes.integer(1...1_000_000),
            "Commands that one event loop may have in flight; one more is refused at once.")
        return Record(
            title: "redis", summary: "The Redis that decides.", blank: { RedisSettings() }, sample: { RedisSettings() },
            fields: list.fields,
            check: { reader, path, settings in
                if settings.username != nil, settings.password == nil, !reader.hasError(at: "\(path).password"),
                    (try? RedisEndpoint(url: settings.url))?.password == nil
                {
                    reader.report(
                        "\(path).username",
                        Complaint("a user without a password", mend: "add 'password:', or remove it"))
                }
            })
    }

    /// Braces would be taken for a hash tag of Redis Cluster.
    private static func isKeyPrefix(_ text: String) -> Bool {
        text.utf8.count <= 32 && text.utf8.allSatisfy { TokenText.isLetterOrDigit($0) || ":._-".utf8.contains($0) }
    }

    private static func redisURL() -> Shape<String> {
        Shapes.checked(
            "URL",
            expected: "redis://[user:password@]host[:port][/database], unix:///path[?db=n], or "
                + "redis-cluster://[user:password@]host[:port],host[:port],..."
        ) { url in
            do throws(RedisEndpointError) {
                _ = try RedisEndpoint(url: url)
                return nil
            } catch {
                var complaint = Complaint("not a Redis URL", detail: error.reason)
                complaint.repeatsValue = false
                return complaint
            }
        }
    }

    static func postgres() -> Record<PostgresSettings> {
        var list = FieldList { PostgresSettings() }
        list.add(
            "url", \.url,
            Shapes.text(
                "connection string",
                expected: "postgresql://[user:password@]host[:port]/database, or host=... dbname=...",
                where: { $0.hasPrefix("postgresql://") || $0.hasPrefix("postgres://") || $0.contains("=") }),
            "A libpq connection URL, or a string of keywords (`host=/run/postgresql dbname=tollgate`).", isSecret: true)
        list.add("connections_max", \.connectionsMax, Shapes.integer(1...1_000), "Connections of one process.")
        list.add("connect_timeout", \.connectTimeoutMs, Shapes.duration(), "How long connecting may take.")
        list.add(
            "statement_timeout", \.statementTimeoutMs, Shapes.duration(), "The longest any one statement may take.")
        return Record(
            title: "postgres", summary: "The PostgreSQL that remembers.", blank: { PostgresSettings() },
            sample: { PostgresSettings() }, fields: list.fields)
    }

    static func journal() -> Record<JournalSettings> {
        var list = FieldList { JournalSettings() }
        list.add(
            "folder", \.folder,
            Shapes.text("path", expected: "a path", where: { !$0.isEmpty && $0.utf8.count <= 1_024 }),
            "On a disk that outlives the process. Gateways of one machine may share it, and record what a dead one has "
                + "left there.")
        list.add(
            "size", \.bytesPerLoop, Shapes.size(min: 64 * 1_024, max: 1 << 32),
            "Allocated at once for every event loop, twice while a fresh journal takes over; about 100 bytes for each key, "
                + "meter and hour.")
        return Record(
            title: "journal", summary: "The journal of what was served.", blank: { JournalSettings() },
            sample: { JournalSettings() }, fields: list.fields)
    }

    static func keys() -> Record<KeySettings> {
        var list = FieldList { KeySettings() }
        list.add(
            "brand", \.brand,
            Shapes.text(
                "brand", expected: "2 to 8 lower-case letters or digits, a letter first",
                where: KeyFormat.isValid(brand:)),
            "The first word of every key, as in `tgk_live_...`. Keys of another brand are refused, so do not change it "
                + "once keys are out.")
        return Record(
            title: "keys", summary: "API keys.", blank: { KeySettings() }, sample: { KeySettings() },
            fields: list.fields)
    }

    static func errors() -> Record<ErrorSettings> {
        var list = FieldList { ErrorSettings() }
        list.add(
            "base_uri", \.baseURI,
            Shapes.text("URI", expected: "an absolute URI that the problem's name is put behind", where: isURI),
            "Put before a problem's name to make `type`.")
        list.add(
            "documentation_url", \.documentationURL,
            Shapes.text(
                "URL", expected: "a URL that starts with https:// or http://",
                where: { isURI($0) && ($0.hasPrefix("https://") || $0.hasPrefix("http://")) }
            ).orNone(),
            "Linked with `rel=\"describedby\"` where a standard asks for documentation.")
        return Record(
            title: "errors", summary: "Problem documents (RFC 9457).", blank: { ErrorSettings() },
            sample: { ErrorSettings() }, fields: list.fields)
    }

    /// A scheme, a colon and something visible behind it without quotes or brackets.
    private static func isURI(_ text: String) -> Bool {
        guard let colon = text.firstIndex(of: ":"), text.utf8.count <= 1_024 else { return false }
        return TokenText.isLower(String(text[..<colon]), extra: "+-.", max: 32, letterFirst: true)
            && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"\"<>\\^`{|}".utf8.contains($0) }
            && text.index(after: colon) < text.endIndex
    }

    static func logging() -> Record<LoggingSettings> {
        var list = FieldList { LoggingSettings() }
        list.add("level", \.level, Shapes.choice(LoggingSettings.Level.self), "The least level that is written.")
        list.add(
            "format", \.format, Shapes.choice(LoggingSettings.Format.self),
            "`json` for machines, one object a line; `human` for a terminal.")
        list.add(
            "access_log", \.accessLog, Shapes.choice(LoggingSettings.AccessLog.self),
            "Whether a line is written for every request, for those that failed, or for none.")
        list.add(
            "access_log_buffer_size", \.accessLogBufferBytes, Shapes.size(min: 64 * 1_024, max: 1 << 30),
            "What one event loop may hold for the writer; lines beyond it are dropped and counted.")
        return Record(
            title: "logging", summary: "What is written, how and where.", blank: { LoggingSettings() },
            sample: { LoggingSettings() }, fields: list.fields)
    }

    static func workers() -> Record<WorkerSettings> {
        var list = FieldList { WorkerSettings() }
        list.add(
            "usage_flush_interval", \.usageFlushIntervalMs, Shapes.duration(max: 3_600_000),
            "How often usage is moved from Redis to PostgreSQL.")
        list.add(
            "outbox_poll_interval", \.outboxPollIntervalMs, Shapes.duration(max: 3_600_000),
            "How often the outbox is looked at when nothing notified us.")
        list.add(
            "last_used_interval", \.lastUsedIntervalMs, Shapes.duration(max: 3_600_000),
            "How often `last_used_at` of the keys is written.")
        return Record(
            title: "workers", summary: "Background work.", blank: { WorkerSettings() }, sample: { WorkerSettings() },
            fields: list.fields)
    }
}
