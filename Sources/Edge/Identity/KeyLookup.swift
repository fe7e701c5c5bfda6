import Digests
import Domain
import HotStore
import NIOCore
import RedisClient

/// One key being looked up: Redis first, then the record layer, which publishes what it finds to Redis, then Redis
/// again. The version is read before the records, so that a change in between shows at the next admission.
final class KeyLookup: RedisWaiter {
    let digest: SHA256Digest
    var waiters: [Exchange] = []
    private let key: [UInt8]
    private let doubted: PrincipalEntry?
    private let loop: EdgeLoop
    private let cache: KeyCache
    private let fallback: KeyFallback?
    /// As the first request that waits for it asks Redis.
    let store: StoreAccess
    /// For Redis; what the record layer takes is not in it.
    private(set) var wait: StoreWait
    /// What the latest step was given.
    private var leftNs = 0
    private var step = Step.findOrg
    private var askedFallback = false
    private var versionTag: String?
    private var org: OrgRecord?
    /// Of the org whose version and record are read.
    private var orgID = ""
    private var isDone = false

    private enum Step { case compare, findOrg, version, org, key }

    /// - Parameter doubted: what is cached, and has to be the current version to be believed.
    init(
        digest: SHA256Digest, key: [UInt8], doubted: PrincipalEntry?, loop: EdgeLoop, cache: KeyCache,
        fallback: KeyFallback?, store: StoreAccess, wait: StoreWait
    ) {
        self.digest = digest
        self.key = key
        self.doubted = doubted
        self.loop = loop
        self.cache = cache
        self.fallback = fallback
        self.store = store
        self.wait = wait
        super.init()
    }

    func start() {
        guard let doubted else { return self.readKey() }
        self.orgID = doubted.principal.org.orgID
        self.send(.compare)
    }

    private func readKey() {
        self.send(.findOrg)
    }

    override func redisReplied(_ reply: borrowing RedisReply) {
        guard !self.isDone else { return }
        switch self.step {
        case .compare:
            let tag = reply.isNull ? nil : reply.withBytes { String(decoding: $0, as: UTF8.self) }
            guard let doubted, tag == doubted.principal.versionTag else { return self.readKey() }
            self.isDone = true
            self.cache.isCurrent(self)
        case .findOrg:
            guard let record = PrincipalRecordCodec.key(reply) else { return self.missing() }
            self.readRecords(ofOrg: record.orgID)
        case .version:
            self.versionTag = reply.isNull ? nil : reply.withBytes { String(decoding: $0, as: UTF8.self) }
            self.goOn(to: .org)
        case .org:
            self.org = PrincipalRecordCodec.org(PrincipalRecordCodec.fields(reply))
            self.goOn(to: .key)
        case .key:
            guard let key = PrincipalRecordCodec.key(reply), let org, let versionTag, key.orgID == org.orgID else {
                return self.missing()
            }
            self.isDone = true
            self.cache.found(Principal(key: key, org: org, versionTag: versionTag), for: self)
        }
    }

    override func redisFailed(_ failure: RedisFailure) {
        // What an older Tollgate wrote is none of ours: it is replaced by what the records say.
        if case .serverError(let error) = failure, error.code == "WRONGTYPE", !self.isDone,
            self.step == .findOrg || self.step == .key
        {
            return self.missing()
        }
        self.loop.counters.storeUnavailable += 1
        if !self.isDone, !StoreWait.isLate(leftNs: self.leftNs, of: self.store.deadlineNs) {
            self.loop.noteStoreFailure(failure, of: self.store)
        }
        if self.step == .compare, !self.isDone {
            // Nobody can say otherwise: the refusal stands.
            self.isDone = true
            return self.cache.isCurrent(self)
        }
        self.fail(.limiterUnavailable)
    }

    /// Three commands in one write; their replies come in order. In a cluster key and org lie on different nodes, between
    /// which there is no order: then one after the other.
    private func readRecords(ofOrg org: String) {
        self.versionTag = nil
        self.org = nil
        self.orgID = org
        self.send(.version)
        guard !self.loop.link.isCluster else { return }
        self.send(.org)
        self.send(.key)
        self.step = .version
    }

    /// The next reply answers `step`, and in a cluster it is still to be asked.
    private func goOn(to step: Step) {
        self.step = step
        if self.loop.link.isCluster { self.send(step) }
    }

    private func send(_ step: Step) {
        self.step = step
        guard self.store.breaker.allowsRequests else { return self.redisFailed(.notConnected) }
        let nowNs = LoopClock.nowNs()
        self.wait.begin(nowNs: nowNs)
        self.leftNs = self.wait.leftNs(of: self.store.deadlineNs, nowNs: nowNs)
        guard self.leftNs > 0 else { return self.redisFailed(.notConnected) }
        let refused = self.loop.link.send(self, withinNs: UInt64(self.leftNs), slot: self.slot(of: step)) {
            self.encode(step, into: &$0)
        }
        if let refused { self.redisFailed(refused) }
    }

    /// What comes next is no wait for Redis.
    func endWait() { self.wait.end(nowNs: LoopClock.nowNs()) }

    private func slot(of step: Step) -> Int {
        switch step {
        case .findOrg, .key: RedisSlot.of(self.loop.keyspace.keyRecord(sha256Hex: self.digest.hexText))
        case .compare, .version, .org: self.loop.keyspace.slot(ofOrg: self.orgID)
        }
    }

    private func encode(_ step: Step, into output: inout ByteBuffer) {
        let keyspace = self.loop.keyspace
        switch step {
        case .findOrg, .key: RecordReads.appendKey(sha256Hex: self.digest.hexText, keyspace, into: &output)
        case .compare, .version: RecordReads.appendVersion(ofOrg: self.orgID, keyspace, into: &output)
        case .org: RecordReads.appendOrg(self.orgID, keyspace, into: &output)
        }
    }

    /// Only a cluster's nodes refuse reads, and there one is under way at a time.
    override func redisResend(into output: inout ByteBuffer) -> Bool {
        guard self.loop.link.isCluster, !self.isDone else { return false }
        self.encode(self.step, into: &output)
        return true
    }

    private func missing() {
        guard let fallback, !self.askedFallback else { return self.doesNotExist() }
        self.askedFallback = true
        self.loop.counters.keyFallbacks += 1
        self.endWait()
        let bound = NIOLoopBound(self, eventLoop: self.loop.eventLoop)
        fallback.resolve(self.digest, self.key) { outcome in
            bound.eventLoop.execute { bound.value.answered(outcome) }
        }
    }

    private func answered(_ outcome: KeyFallback.Outcome) {
        switch outcome {
        case .published: self.readKey()
        case .unknown: self.doesNotExist()
        case .refused:
            self.loop.counters.keyFallbacksRefused += 1
            self.fail(.keyLookupUnavailable)
        case .unavailable: self.fail(.keyLookupUnavailable)
        }
    }

    /// Several commands may fail together; the waiters hear once.
    private func fail(_ code: ProblemCode) {
        guard !self.isDone else { return }
        self.isDone = true
        self.cache.failed(self, code)
    }

    private func doesNotExist() {
        self.isDone = true
        self.cache.doesNotExist(self)
    }
}
