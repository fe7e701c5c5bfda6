public import Domain
import RedisClient

/// The names of everything in Redis. What one script touches carries the org in braces and so lies in one slot of a
/// cluster; key records and the set of dirty hashes are reached alone.
public struct Keyspace: Sendable, Equatable {
    /// Put before every name.
    public let prefix: String

    public init(prefix: String = "tg:") {
        self.prefix = prefix
    }

    // MARK: Records

    /// String: `<version>:<word>`.
    public func version(ofOrg orgID: String) -> String { "\(self.prefix)v:{\(orgID)}" }

    /// Packed string: the record of an API key by the hexadecimal SHA-256 of the key.
    public func keyRecord(sha256Hex: String) -> String { "\(self.prefix)k:\(sha256Hex)" }

    /// Hash: the record of an org.
    public func orgRecord(_ orgID: String) -> String { "\(self.prefix)o:{\(orgID)}" }

    /// Hash: what concerns every request, see ``SystemRecordCodec``.
    public var system: String { "\(self.prefix)system" }

    /// Matches every record of a key or an org, for `SCAN`.
    public var recordsPattern: String { "\(self.prefix)[ko]:*" }

    /// A record by its name.
    public enum RecordName: Sendable, Hashable {
        case key(sha256Hex: String)
        case org(String)
    }

    /// What a name is the record of; nil when it is none.
    public func record(named name: String) -> RecordName? {
        guard name.hasPrefix(self.prefix) else { return nil }
        let rest = name.dropFirst(self.prefix.count)
        if rest.hasPrefix("k:") { return .key(sha256Hex: String(rest.dropFirst(2))) }
        if rest.hasPrefix("o:{"), rest.hasSuffix("}") { return .org(String(rest.dropFirst(3).dropLast())) }
        return nil
    }

    // MARK: Limits

    /// Packed string: the levels of a group of buckets.
    public func group(
        org orgID: String, _ environment: Domain.Environment, _ scope: LimitScope, subject: String,
        _ source: BucketGroup.Source
    ) -> String {
        "\(self.prefix)b:{\(orgID)}:\(Self.letter(environment)):\(Self.letter(scope)):\(subject):\(Self.text(source))"
    }

    /// Sorted set: ids of requests in flight by the expiry of their leases.
    public func leases(
        org orgID: String, _ environment: Domain.Environment, _ scope: LimitScope, subject: String,
        _ source: BucketGroup.Source, name: String
    ) -> String {
        """
        \(self.prefix)c:{\(orgID)}:\(Self.letter(environment)):\(Self.letter(scope)):\(subject):\(Self.text(source)):\
        \(name)
        """
    }

    /// Counter: what an org has used of a meter in a month (`202511`).
    public func quota(org orgID: String, _ environment: Domain.Environment, meter: String, month: Int) -> String {
        "\(self.prefix)q:{\(orgID)}:\(Self.letter(environment)):\(meter):\(month)"
    }

    // MARK: Idempotency and settlement

    /// Hash: a claim; `keyID` empty where all keys of the org share it. The hexadecimal digest of the key's value follows.
    public func claimPrefix(org orgID: String, _ environment: Domain.Environment, keyID: String) -> String {
        "\(self.prefix)i:{\(orgID)}:\(Self.letter(environment)):" + (keyID.isEmpty ? "" : "\(keyID):")
    }

    /// String: that a settlement has happened. Its id follows.
    public func markPrefix(org orgID: String) -> String { "\(self.prefix)s:{\(orgID)}:" }

    // MARK: Usage

    /// Hash: cumulative counters of one epoch, see ``UsageField``.
    public func meters(org orgID: String, epoch: UsageEpoch) -> String { "\(self.prefix)m:{\(orgID)}:\(epoch.text)" }

    /// Set: names of meter hashes with fresh usage.
    public var dirty: String { "\(self.prefix)dirty" }

    /// Hash: which part of the limits each gateway holds for the time without Redis, see lua/scripts/enrol.lua.
    public var shares: String { "\(self.prefix)shares" }

    /// The field of ``shares`` that is a gateway's.
    public static func shareField(ofGateway id: String) -> String { "g:\(id)" }

    /// Match every claim and every lease set, for `SCAN`.
    public var claimsPattern: String { "\(self.prefix)i:{*" }
    public var leasesPattern: String { "\(self.prefix)c:{*" }

    /// Matches every meter hash, for `SCAN`.
    public var metersPattern: String { "\(self.prefix)m:{*" }

    /// Org and epoch of the name of a meter hash; nil when it is none.
    public func meters(named name: String) -> (orgID: String, epoch: UsageEpoch)? {
        let start = "\(self.prefix)m:{"
        guard name.hasPrefix(start), let brace = name.lastIndex(of: "}") else { return nil }
        let rest = name[name.index(after: brace)...]
        guard rest.first == ":", let from = name.index(name.startIndex, offsetBy: start.count, limitedBy: brace) else {
            return nil
        }
        return (String(name[from..<brace]), UsageEpoch(String(rest.dropFirst())))
    }

    // MARK: Slots

    /// The slot of a cluster in which everything lies that one org's scripts touch.
    public func slot(ofOrg orgID: String) -> Int { RedisSlot.of(self.version(ofOrg: orgID)) }

    // MARK: Letters

    static func letter(_ environment: Domain.Environment) -> String { environment == .live ? "l" : "t" }

    static func letter(_ scope: LimitScope) -> String {
        switch scope {
        case .key: "k"
        case .user: "u"
        case .org: "o"
        case .ip: "i"
        case .route: "r"
        }
    }

    static func text(_ source: BucketGroup.Source) -> String {
        switch source {
        case .base: "b"
        case .route(let id): "r.\(id)"
        }
    }
}
