/// Live keys cost money, test keys do not (SPEC §2).
public enum Environment: String, Sendable, CaseIterable, Hashable { case live, test }

/// How a key is stored.
public enum KeyHashAlgorithm: String, Sendable, CaseIterable { case sha256, bcrypt }

/// What the edge knows of an API key.
public struct KeyRecord: Sendable, Equatable {
    public enum Status: String, Sendable, CaseIterable { case active, revoked }

    public var keyID: String
    /// The first key of a chain of rotations: old and new key share buckets and leases under it.
    public var lineageID: String
    public var orgID: String
    public var userID: String?
    public var environment: Environment
    public var status: Status
    public var scopes: [String]
    /// Unix milliseconds; 0 is never.
    public var expiresAtMs: Int
    /// Networks that the key may be used from, `10.0.0.0/8`; none means anywhere.
    public var allowedAddresses: [String]

    public init(
        keyID: String, lineageID: String, orgID: String, userID: String?, environment: Environment, status: Status,
        scopes: [String], expiresAtMs: Int, allowedAddresses: [String] = []
    ) {
        self.keyID = keyID
        self.lineageID = lineageID
        self.orgID = orgID
        self.userID = userID
        self.environment = environment
        self.status = status
        self.scopes = scopes
        self.expiresAtMs = expiresAtMs
        self.allowedAddresses = allowedAddresses
    }
}

/// What the edge knows of an org.
public struct OrgRecord: Sendable, Equatable {
    public enum Status: String, Sendable, CaseIterable { case active, suspended, deleted }

    public var orgID: String
    public var plan: String
    public var status: Status
    /// Features on for this org beyond those of its plan, and those that are off although the plan has them.
    public var featuresOn: [String]
    public var featuresOff: [String]
    public var overrides: [LimitOverride]
    /// What the plan grants, as the records say; nil where the record does not say, see ``Configuration/grants(of:)``.
    public var grants: PlanGrants?
    /// From when on the org's keys are refused, Unix milliseconds; 0 is never.
    public var expiresAtMs: Int
    /// Rises with every change that the edge must see: of the org, its keys, plan, overrides or flags.
    public var version: Int64

    public init(
        orgID: String, plan: String, status: Status, featuresOn: [String] = [], featuresOff: [String] = [],
        overrides: [LimitOverride] = [], grants: PlanGrants? = nil, expiresAtMs: Int = 0, version: Int64
    ) {
        self.orgID = orgID
        self.plan = plan
        self.status = status
        self.featuresOn = featuresOn
        self.featuresOff = featuresOff
        self.overrides = overrides
        self.grants = grants
        self.expiresAtMs = expiresAtMs
        self.version = version
    }
}

/// Who a key speaks for: the key and its org as one admission sees them.
public struct Principal: Sendable, Equatable {
    public var key: KeyRecord
    public var org: OrgRecord
    /// What Redis held as the org's version when these records were read: the decimal version, a colon, and a random
    /// word made when the org was last written to this Redis. Admission compares it whole; the word names the epoch
    /// of the org's counters, so that a Redis that came back empty starts a new one.
    public var versionTag: String

    public init(key: KeyRecord, org: OrgRecord, versionTag: String) {
        self.key = key
        self.org = org
        self.versionTag = versionTag
    }
}
