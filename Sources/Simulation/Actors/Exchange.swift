import Domain
import Edge

/// One request within a gateway: the real machine, and what its shell keeps beside it.
final class Exchange: Equatable {
    let number: Int
    let attempt: Attempt
    let owner: [UInt8]
    var machine = ExchangeMachine()
    var principal: CachedPrincipal?
    var plan: AdmissionPlan?
    var connection: UpstreamConnection?
    var hasClient = true
    var isAdmitted = false
    var isLocal = false
    /// Since when it waits for the store, and how long it has before that, by the simulator's own count.
    var waitingSinceUs: Int?
    var waitedUs = 0
    /// The same as the gateway reckons.
    var storeWait = StoreWait()
    var cameToOpenBreaker = false
    /// Whether PostgreSQL is asked, and whether it has granted the claim.
    var asksDurable = false
    var isDurable = false
    var admittedHour = 0
    var decidedAtMs = 0
    var revalidations = 0
    var leaseID: [UInt8]?
    var status = 0
    var execution = 0
    var tokens = 0
    var headSent = false
    var isFinished = false
    var isCounted = false
    /// Counts the deadlines that were set; an older one means nothing.
    var deadline = 0
    var totalDeadlineUs = Int.max

    init(number: Int, attempt: Attempt) {
        self.number = number
        self.attempt = attempt
        self.owner = Array("owner\(number)".utf8)
    }

    static func == (left: Exchange, right: Exchange) -> Bool { left === right }

    var operation: Operation { self.attempt.operation }

    var claim: ClaimRequest? {
        guard let key = self.operation.key, self.plan?.claims != nil else { return nil }
        return ClaimRequest(
            keyDigest: Array(key.utf8), fingerprint: Array("print".utf8), owner: self.owner,
            requestID: Array("req\(self.number)".utf8))
    }

    /// The claim as PostgreSQL arbitrates it.
    var durableClaim: DurableClaim? {
        guard self.operation.route == .durable, let claim = self.claim, let plan = self.plan, let rule = plan.claims
        else { return nil }
        return DurableClaim(
            orgID: plan.orgID, environment: plan.environment, apiKeyID: "", request: claim, claimMs: rule.claimMs,
            keepMs: rule.retentionMs, mayRepeat: rule.upstreamIdempotent)
    }

    /// What a successful answer says that it used.
    var usedTokens: Int { (200..<300).contains(self.status) ? self.tokens : 0 }

    /// Whether a heartbeat has anything to prolong.
    var isClaiming: Bool { self.isAdmitted && !self.isFinished && (self.claim != nil || self.leaseID != nil) }
}

/// What a gateway remembers of a key.
struct CachedPrincipal {
    let number: Int
    let versionTag: String
    let isRevoked: Bool
}

/// A gateway's connection to the upstream.
final class UpstreamConnection: Equatable {
    let connection: Connection
    var exchange: Exchange?
    var isOpen = true

    init(_ connection: Connection) {
        self.connection = connection
    }

    static func == (left: UpstreamConnection, right: UpstreamConnection) -> Bool { left === right }
}
