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
    private var step = Step.findOrg
    private var askedFallback = false
    private var versionTag: String?
    private var org: OrgRecord?
    private var isDone = false

    private enum Step { case compare, findOrg, version, org, key }

    /// - Parameter doubted: what is cached, and has to be the current version to be believed.
    init(
        digest: SHA256Digest, key: [UInt8], doubted: PrincipalEntry?, loop: EdgeLoop, cache: KeyCache,
        fallback: KeyFallback?, store: StoreAccess
    ) {
        self.digest = digest
        self.key = key
        self.doubted = doubted
        self.loop = loop
        self.cache = cache
        self.fallback = fallback
        self.store = store
        super.init()
    }

    func start() {
        guard let doubted else { return self.readKey() }
        self.step = .compare
        self.send {
            RecordReads.appendVersion(ofOrg: doubted.principal.org.orgID, self.loop.keyspace, into: &$0)
        }
    }

    private func readKey() {
        self.step = .findOrg
        self.send { RecordReads.appendKey(sha256Hex: self.digest.hexText, self.loop.keyspace, into: &$0) }
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
            self.step = .org
        case .org:
            self.org = PrincipalRecordCodec.org(PrincipalRecordCodec.fields(reply))
            self.step = .key
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
        if !self.isDone { self.loop.noteStoreFailure(failure, of: self.store) }
        if self.step == .compare, !self.isDone {
            // Nobody can say otherwise: the refusal stands.
            self.isDone = true
            return self.cache.isCurrent(self)
        }
        self.fail(.limiterUnavailable)
    }

    /// Three commands in one write; their replies come in order.
    private func readRecords(ofOrg org: String) {
        self.step = .version
        self.versionTag = nil
        self.org = nil
        let keyspace = self.loop.keyspace
        self.send { RecordReads.appendVersion(ofOrg: org, keyspace, into: &$0) }
        self.send { RecordReads.appendOrg(org, keyspace, into: &$0) }
        self.send { RecordReads.appendKey(sha256Hex: self.digest.hexText, keyspace, into: &$0) }
    }

    private func send(_ encode: (inout ByteBuffer) -> Void) {
        guard self.store.breaker.allowsRequests else { return self.redisFailed(.notConnected) }
        let refused = self.loop.link.send(self, withinNs: self.store.deadlineNs, encode: encode)
        if let refused { self.redisFailed(refused) }
    }

    private func missing() {
        guard let fallback, !self.askedFallback else { return self.doesNotExist() }
        self.askedFallback = true
        self.loop.counters.keyFallbacks += 1
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
