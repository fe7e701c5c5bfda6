/// The Redis that decides.
public struct RedisSettings: Sendable, Equatable {
    /// `redis://[user:password@]host:port[/database]` or `unix:///path[?db=n]`.
    public var url = "redis://127.0.0.1:6379/0"
    public var username: String?
    public var password: String?
    /// Put before every key, so that several products can share a server.
    public var keyPrefix = "tg:"
    public var connectTimeoutMs = 2_000
    /// The longest any one command may take before the request goes on without Redis.
    public var deadlineMs = 50
    /// Commands one loop may have in flight; one more is refused at once.
    public var pendingMax = 16_384

    public init() {}
}

/// The PostgreSQL that remembers.
public struct PostgresSettings: Sendable, Equatable {
    /// A libpq connection URL or keyword string.
    public var url = "postgresql://127.0.0.1:5432/tollgate"
    public var connectionsMax = 8
    public var connectTimeoutMs = 5_000
    public var statementTimeoutMs = 30_000

    public init() {}
}

/// Where gateways write down what they serve, before anybody else knows of it.
public struct JournalSettings: Sendable, Equatable {
    /// The folder; gateways of one machine may share it.
    public var folder = "/var/lib/tollgate/journal"
    /// Of each event loop; about a hundred bytes for every key, meter and hour.
    public var bytesPerLoop = 4 * 1024 * 1024

    public init() {}
}

/// The listener for operators: health, metrics, problem pages.
public struct AdminSettings: Sendable, Equatable {
    public var listen = ListenAddress(host: "127.0.0.1", port: 8081)
    /// Failed log-ins to the admin API that one address may have at once.
    public var failedLoginsMax = 20

    public init() {}
}

/// API keys (SPEC §2).
public struct KeySettings: Sendable, Equatable {
    /// The first word of every key: 2 to 8 lower-case letters or digits.
    public var brand = "tgk"

    public init() {}
}

/// Problem documents (RFC 9457).
public struct ErrorSettings: Sendable, Equatable {
    /// Put before the slug to make `type`.
    public var baseURI = "urn:tollgate:problem:"
    /// Linked with `rel="describedby"` where a standard asks for documentation.
    public var documentationURL: String?

    public init() {}
}

/// What is written, how and where.
public struct LoggingSettings: Sendable, Equatable {
    public enum Level: String, Sendable, CaseIterable { case trace, debug, info, notice, warning, error, critical }
    public enum Format: String, Sendable, CaseIterable { case json, human }
    public enum AccessLog: String, Sendable, CaseIterable { case off, errors, all }

    public var level = Level.info
    public var format = Format.json
    public var accessLog = AccessLog.all
    /// Lines one loop may hold for the writer; beyond it they are dropped and counted.
    public var accessLogBufferBytes = 4 * 1024 * 1024

    public init() {}
}

/// Background work.
public struct WorkerSettings: Sendable, Equatable {
    /// How often usage is moved from Redis to PostgreSQL.
    public var usageFlushIntervalMs = 1_000
    /// How often the outbox is looked at when nothing notified us.
    public var outboxPollIntervalMs = 1_000
    /// How often `last_used_at` is written.
    public var lastUsedIntervalMs = 10_000

    public init() {}
}
