public import Domain
public import RedisClient

/// Records of keys and orgs as Redis has them: a key as one packed string, since there may be millions, and a hash whose
/// values are longer than 64 bytes takes three times the memory; an org as a hash. Everything is written every time, so
/// that nothing of an older record stays behind.
public enum PrincipalRecordCodec {
    // MARK: Keys

    /// The record without its version, which the script that writes it puts in front, with a space between: a list of
    /// texts. The lineage is empty where it is the key itself.
    public static func encode(_ key: KeyRecord) -> String {
        TextList.encode([
            key.keyID, key.lineageID == key.keyID ? "" : key.lineageID, key.orgID, key.userID ?? "",
            key.environment.rawValue, key.status.rawValue, String(key.expiresAtMs), TextList.encode(key.scopes),
            TextList.encode(key.allowedAddresses),
        ])
    }

    /// A stored record, with its version; nil when it is not understood.
    public static func key(_ stored: String) -> KeyRecord? {
        guard let space = stored.utf8.firstIndex(of: UInt8(ascii: " ")), Self.version(ofKey: stored) != nil,
            let parts = TextList.decode(String(stored[stored.utf8.index(after: space)...])), parts.count == 9,
            let environment = Domain.Environment(rawValue: parts[4]), let status = KeyRecord.Status(rawValue: parts[5]),
            let expiresAtMs = Int(parts[6]), let scopes = TextList.decode(parts[7]),
            let allowedAddresses = TextList.decode(parts[8])
        else { return nil }
        return KeyRecord(
            keyID: parts[0], lineageID: parts[1].isEmpty ? parts[0] : parts[1], orgID: parts[2],
            userID: parts[3].isEmpty ? nil : parts[3], environment: environment, status: status, scopes: scopes,
            expiresAtMs: expiresAtMs, allowedAddresses: allowedAddresses)
    }

    /// The version of a stored record.
    public static func version(ofKey stored: String) -> Int64? {
        stored.utf8.firstIndex(of: UInt8(ascii: " ")).flatMap { Int64(stored[..<$0]) }
    }

    /// The key's record in a reply to GET; nil when there is none.
    public static func key(_ reply: borrowing RedisReply) -> KeyRecord? {
        reply.isNull ? nil : Self.key(reply.withBytes { String(decoding: $0, as: UTF8.self) })
    }

    // MARK: Orgs

    /// Fields and values, alternately.
    public static func encode(_ org: OrgRecord) -> [String] {
        [
            "id", org.orgID, "plan", org.plan, "status", org.status.rawValue, "on", TextList.encode(org.featuresOn),
            "off", TextList.encode(org.featuresOff), "overrides", TextList.encode(org.overrides.map(Self.encode)),
            "expires", String(org.expiresAtMs), "ver", String(org.version),
        ] + Self.encode(org.grants)
    }

    /// Fields of their own, short texts each: Redis keeps a hash of short values in a third of the memory.
    private static func encode(_ grants: PlanGrants?) -> [String] {
        guard let grants else { return ["limits", Self.unsaid, "quotas", "", "caps", "", "features", ""] }
        return [
            "limits", grants.limitTexts.joined(separator: ";"), "quotas", grants.quotaTexts.joined(separator: ";"),
            "caps", grants.capTexts.joined(separator: ";"), "features", grants.features.joined(separator: ";"),
        ]
    }

    /// In the place of limits: the record does not say what the plan grants.
    private static let unsaid = "-"

    /// - Returns: nil when a field is not understood; `.some(nil)` when the record does not say, as older ones do not.
    private static func grants(_ fields: [String: String]) -> PlanGrants?? {
        guard let limits = fields["limits"], limits != Self.unsaid else { return .some(nil) }
        func list(_ text: String) -> [String] { text.split(separator: ";").map(String.init) }
        guard let quotas = fields["quotas"], let caps = fields["caps"], let features = fields["features"],
            let grants = PlanGrants(
                limits: list(limits), quotas: list(quotas), caps: list(caps), features: list(features))
        else { return nil }
        return .some(grants)
    }

    /// nil when a field is missing or not understood.
    public static func org(_ fields: [String: String]) -> OrgRecord? {
        guard let orgID = fields["id"], let plan = fields["plan"],
            let status = fields["status"].flatMap(OrgRecord.Status.init(rawValue:)),
            let on = fields["on"].flatMap(TextList.decode), let off = fields["off"].flatMap(TextList.decode),
            let texts = fields["overrides"].flatMap(TextList.decode),
            let version = fields["ver"].flatMap({ Int64($0) }),
            let expiresAtMs = fields["expires"].flatMap({ Int($0) }), let grants = Self.grants(fields)
        else { return nil }
        var overrides: [LimitOverride] = []
        for text in texts {
            guard let override = Self.override(text) else { return nil }
            overrides.append(override)
        }
        return OrgRecord(
            orgID: orgID, plan: plan, status: status, featuresOn: on, featuresOff: off, overrides: overrides,
            grants: grants, expiresAtMs: expiresAtMs, version: version)
    }

    private static func encode(_ override: LimitOverride) -> String {
        let limit = override.limit.map { [$0] } ?? []
        return TextList.encode(
            [
                override.scope.rawValue, override.subject, String(override.capacity), String(override.refill),
                String(override.periodMs),
            ] + limit)
    }

    private static func override(_ text: String) -> LimitOverride? {
        guard let parts = TextList.decode(text), parts.count == 5 || parts.count == 6,
            let scope = LimitScope(rawValue: parts[0]), let capacity = Int(parts[2]), let refill = Int(parts[3]),
            let periodMs = Int(parts[4])
        else { return nil }
        return LimitOverride(
            scope: scope, subject: parts[1], limit: parts.count == 6 ? parts[5] : nil, capacity: capacity,
            refill: refill, periodMs: periodMs)
    }

    // MARK: Replies

    /// The fields of a reply to HGETALL; empty when there is no such hash.
    public static func fields(_ reply: borrowing RedisReply) -> [String: String] {
        var fields: [String: String] = [:]
        var index = 0
        while index + 1 < reply.count {
            let name = reply.withBytes(at: index) { String(decoding: $0, as: UTF8.self) }
            fields[name] = reply.withBytes(at: index + 1) { String(decoding: $0, as: UTF8.self) }
            index += 2
        }
        return fields
    }

    /// As `fields(_:)`, of a value.
    public static func fields(_ value: RedisValue) -> [String: String] {
        var fields: [String: String] = [:]
        let elements = value.elements ?? []
        for index in stride(from: 0, to: elements.count - 1, by: 2) {
            if let name = elements[index].text { fields[name] = elements[index + 1].text ?? "" }
        }
        return fields
    }
}
