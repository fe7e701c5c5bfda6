/// Where a Redis server is, who we are there, and every bound a connection to it keeps.
public struct RedisConfiguration: Sendable {
    /// The address of a server.
    public enum Endpoint: Sendable, Hashable, CustomStringConvertible {
        /// A unix domain socket. The path has at most 107 bytes on Linux.
        case unix(path: String)
        case tcp(host: String, port: Int)

        public var description: String {
            switch self {
            case .unix(let path): "unix:\(path)"
            case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
            }
        }
    }

    public var endpoint: Endpoint
    /// Some nodes of a Redis Cluster, from which the others are learnt; then `endpoint` means nothing. Empty: one server.
    public var clusterSeeds: [Endpoint] = []
    /// ACL user (Redis 6 and later); nil authenticates as `default`. Meaningless without a password.
    ///
    /// The user needs `+select +client|setname +info +script|load +evalsha` beside the commands of the scripts.
    public var username: String?
    /// nil sends no `AUTH`.
    public var password: String?
    public var database = 0
    /// Shown by `CLIENT LIST`; no spaces. Empty sends no `CLIENT SETNAME`.
    public var clientName = "tollgate"

    /// From the first SYN to the last reply of the set-up (AUTH, SELECT, scripts).
    public var connectTimeoutMs = 1_000
    /// From `send` to the reply; then the waiter fails with ``RedisFailure/deadlineExceeded``.
    public var commandDeadlineMs = 50
    /// A connection whose oldest command has had no reply for so long is taken for dead (a cut cable sends no RST) and
    /// replaced. At least the command deadline.
    public var stallTimeoutMs = 2_000

    /// Whether a new connection to the same server first ends the one that was lost (`CLIENT KILL ID`), so that nothing
    /// sent on that one can still be executed behind its back: a server that hangs has commands in its sockets. The user
    /// needs `+client|id +client|kill`; without them the link warns and goes on.
    public var fencesLostConnections = false

    /// Commands without a reply, those past their deadline included. One more is refused with
    /// ``RedisFailure/queueFull``.
    public var pendingCommandsMax = 65_536
    /// Bytes encoded and not yet taken by the socket. Beyond it commands are refused with ``RedisFailure/queueFull``.
    public var outputBytesMax = 64 << 20
    /// One reply, all its elements together. A longer one is a protocol error: the peer decides its length, not we.
    public var replyBytesMax = 64 << 20

    /// Reconnects wait a random time that doubles from the first to the second of these.
    public var reconnectDelayMinMs = 20
    public var reconnectDelayMaxMs = 2_000
    /// Seed of the reconnect jitter; nil takes a random one, so that a fleet does not return in step.
    public var jitterSeed: UInt64?

    public init(endpoint: Endpoint) {
        self.endpoint = endpoint
    }

    /// A cluster that some of its nodes lead to.
    public init?(clusterSeeds: [Endpoint]) {
        guard let first = clusterSeeds.first else { return nil }
        self.endpoint = first
        self.clusterSeeds = clusterSeeds
    }

    /// Where that is, for people.
    public var place: String {
        self.clusterSeeds.isEmpty
            ? "\(self.endpoint)" : "the cluster of " + self.clusterSeeds.map { "\($0)" }.joined(separator: ", ")
    }

    /// A time of this configuration in nanoseconds, brought into 1 ms … 1 day: no value makes arithmetic overflow.
    static func nanoseconds(ofMs milliseconds: Int) -> UInt64 {
        UInt64(Self.bounded(milliseconds)) * 1_000_000
    }

    /// A time of this configuration in milliseconds, brought into 1 ms … 1 day.
    static func bounded(_ milliseconds: Int) -> Int {
        min(max(1, milliseconds), 86_400_000)
    }
}
