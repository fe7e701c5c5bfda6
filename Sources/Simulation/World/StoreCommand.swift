import Domain

/// The record of an org as it is published: which of its keys are revoked.
struct OrganisationRecord: Equatable {
    var version: Int
    var revoked: Set<Int>
}

/// What is asked of the store; each is executed at once and whole, as one command or script.
enum StoreCommand {
    /// `requests` are those that share the call.
    case admit(AdmissionRequest, requests: [Int])
    /// `request` is the one that it ends; 0 where it is about several.
    case settle(Settlement, AdmissionPlan, request: Int)
    case heartbeat(AdmissionPlan, claim: ClaimRequest?, leaseID: [UInt8]?)
    case runID
    case ping
    /// Ends a connection, and what was sent on it (CLIENT KILL).
    case fence(Connection)
    case enrol(ShareRenewal, gateway: String)
    /// A gateway is dead for certain.
    case giveUpShare(String)
    case version(String)
    case record(String)
    case publish(String, OrganisationRecord, word: Int)
    /// What a journal has counted so far; marks its hash as fresh.
    case report(journal: String, [Meter: Int])
    case takeDirty
    case hashes
    case counters(String)
}

/// What the store says.
enum StoreReply {
    case admission(AdmissionResult, nowMs: Int)
    case done(Bool)
    case runID(String)
    case share(ShareGrant)
    case version(String?)
    case record(OrganisationRecord?)
    case names([String])
    case counters([Meter: Int])
}
