import Domain
import HotStore
import NIOCore
import NIOPosix
import RedisClient
import TestKit

/// A gateway's side of the hot store, for tests: one link, and the templates that its loop keeps.
actor HotClient {
    nonisolated let unownedExecutor: UnownedSerialExecutor
    nonisolated let keyspace: Keyspace
    private let link: RedisLink
    private let setUp: RedisConnection
    private var templates: [TemplateName: AdmissionTemplate] = [:]

    private struct TemplateName: Hashable {
        var orgID: String
        var keyID: String
        var routeID: String
        var tag: String
    }

    init(_ server: TestRedis, prefix: String) async throws {
        let loop = MultiThreadedEventLoopGroup.singleton.any()
        self.unownedExecutor = loop.executor.asUnownedSerialExecutor()
        self.keyspace = Keyspace(prefix: prefix)
        self.link = RedisLink(eventLoop: loop, configuration: server.configuration(), scripts: HotScripts.edge)
        self.setUp = try await server.connect()
        self.begin()
        try await eventually("the link's readiness") { self.isReady }
    }

    private func begin() { self.link.start() }
    private var isReady: Bool { self.link.isReady }

    func close() async {
        self.link.close()
        await self.setUp.close()
    }

    var scriptReloads: Int { Int(self.link.counters.scriptReloads) }

    // MARK: Commands

    @discardableResult
    func command(_ arguments: RedisArgument...) async throws -> RedisValue {
        try await self.setUp.command(arguments)
    }

    func publish(_ orgID: String, tag: String) async throws {
        try await self.setUp.command("SET", .text(self.keyspace.version(ofOrg: orgID)), .text(tag))
    }

    func template(_ plan: AdmissionPlan, tag: String, period: UsagePeriod) -> AdmissionTemplate {
        let name = TemplateName(orgID: plan.orgID, keyID: plan.keyID, routeID: plan.routeID, tag: tag)
        if let known = self.templates[name], known.plan == plan {
            known.period = period
            return known
        }
        let made = AdmissionTemplate(plan, versionTag: tag, keyspace: self.keyspace, period: period)
        self.templates[name] = made
        return made
    }

    /// Admits in one call. `nowMs` 0 is Redis's clock; `period` nil is that of `nowMs`.
    func admit(_ requests: [AdmissionRequest], nowMs: Int, period: UsagePeriod? = nil) async throws
        -> [AdmissionResult]
    {
        try await self.replies(to: requests, nowMs: nowMs, period: period).map(AdmissionResult.init)
    }

    func admit(_ request: AdmissionRequest, nowMs: Int) async throws -> AdmissionResult {
        try await self.admit([request], nowMs: nowMs).first ?? AdmissionResult(outcome: .stale)
    }

    func replies(to requests: [AdmissionRequest], nowMs: Int, period: UsagePeriod? = nil) async throws
        -> [AdmissionReply]
    {
        let period = period ?? UsagePeriod(atMs: nowMs)
        let command = self.encoded(requests, nowMs: nowMs, period: period)
        let templates = requests.map { self.template($0.plan, tag: $0.versionTag, period: period) }
        return try await self.call(command) { reply in
            var index = 1
            return zip(requests, templates).compactMap {
                AdmissionReply(reply, at: &index, template: $1, cost: $0.cost)
            }
        }
    }

    /// As a gateway would encode it: alone where there is one template, together otherwise.
    func encoded(_ requests: [AdmissionRequest], nowMs: Int, period: UsagePeriod) -> ByteBuffer {
        var command = ByteBuffer()
        if requests.count == 1, let request = requests.first {
            let template = self.template(request.plan, tag: request.versionTag, period: period)
            let address = ByteBuffer(string: request.address)
            if let claim = request.claim {
                template.appendKeyed(
                    claim, cost: request.cost, address: address, leaseID: request.leaseIDs.first, nowMs: nowMs,
                    into: &command)
            } else {
                template.append(
                    count: request.count, cost: request.cost, address: address, leaseIDs: request.leaseIDs,
                    nowMs: nowMs, into: &command)
            }
            return command
        }
        var call = AdmissionCall(nowMs: nowMs)
        for request in requests {
            call.add(
                self.template(request.plan, tag: request.versionTag, period: period), AdmissionEntry(request))
        }
        call.append(into: &command)
        return command
    }

    func settle(_ settlement: Settlement, plan: AdmissionPlan, address: String = "", nowMs: Int) async throws -> Bool {
        var command = ByteBuffer()
        SettleCommand.append(
            settlement, template: self.template(plan, tag: "", period: UsagePeriod(atMs: nowMs)),
            address: ByteBuffer(string: address), nowMs: nowMs, into: &command)
        return try await self.call(command) { $0.integer == 1 }
    }

    func heartbeat(
        _ plan: AdmissionPlan, address: String = "", claim: ClaimRequest?, leaseID: [UInt8]?, nowMs: Int
    ) async throws -> [Int64] {
        var command = ByteBuffer()
        HeartbeatCommand.append(
            claim: claim, leaseID: leaseID, template: self.template(plan, tag: "", period: UsagePeriod(atMs: nowMs)),
            address: ByteBuffer(string: address), nowMs: nowMs, into: &command)
        return try await self.call(command) { [$0.integer(at: 0) ?? -1, $0.integer(at: 1) ?? -1] }
    }

    /// As a gateway reads a principal that it does not know.
    func readRecords(_ sha256Hex: String, org: String) async throws -> (key: KeyRecord?, org: OrgRecord?, tag: String) {
        var (key, orgRecord, version) = (ByteBuffer(), ByteBuffer(), ByteBuffer())
        RecordReads.appendKey(sha256Hex: sha256Hex, self.keyspace, into: &key)
        RecordReads.appendOrg(org, self.keyspace, into: &orgRecord)
        RecordReads.appendVersion(ofOrg: org, self.keyspace, into: &version)
        let tag = try await self.call(version) { $0.withBytes { String(decoding: $0, as: UTF8.self) } }
        let org = try await self.call(orgRecord) { PrincipalRecordCodec.org(PrincipalRecordCodec.fields($0)) }
        return (try await self.call(key) { PrincipalRecordCodec.key($0) }, org, tag)
    }

    func call<Result: Sendable>(_ command: ByteBuffer, read: @escaping (borrowing RedisReply) -> Result) async throws
        -> Result
    {
        let waiter = ReadingWaiter(command, read)
        if let refusal = self.link.send(waiter, encoded: command) { throw refusal }
        return try await withCheckedThrowingContinuation { waiter.wait($0) }
    }
}

/// Reads one reply in place and hands on what was made of it.
private final class ReadingWaiter<Result: Sendable>: RedisWaiter {
    private let command: ByteBuffer
    private let read: (borrowing RedisReply) -> Result
    private var result: Swift.Result<Result, any Error>?
    private var continuation: CheckedContinuation<Result, any Error>?

    init(_ command: ByteBuffer, _ read: @escaping (borrowing RedisReply) -> Result) {
        self.command = command
        self.read = read
        super.init()
    }

    func wait(_ continuation: CheckedContinuation<Result, any Error>) {
        if let result { return continuation.resume(with: result) }
        self.continuation = continuation
    }

    private func finish(_ result: Swift.Result<Result, any Error>) {
        self.result = result
        self.continuation?.resume(with: result)
    }

    override func redisReplied(_ reply: borrowing RedisReply) { self.finish(.success(self.read(reply))) }

    override func redisFailed(_ failure: RedisFailure) { self.finish(.failure(failure)) }

    override func redisResend(into output: inout ByteBuffer) -> Bool {
        output.writeImmutableBuffer(self.command)
        return true
    }
}

extension AdmissionEntry {
    init(_ request: AdmissionRequest) {
        self.init(
            count: request.count, cost: request.cost, address: ByteBuffer(string: request.address),
            leaseIDs: request.leaseIDs, claim: request.claim)
    }
}

extension AdmissionResult {
    /// What the model would have said.
    init(_ reply: AdmissionReply) {
        let first = reply.firstRequestID
        let outcome: AdmissionOutcome =
            switch reply.outcome {
            case .decided: reply.admitted > 0 ? .admitted(reply.admitted) : .refused
            case .stale: .stale
            case .periodOver: .periodOver
            case .replay: reply.stored.map { .replay(StoredResult($0), first: first) } ?? .refused
            case .inProgress: .inProgress(first: first)
            case .keyReused: .keyReused(first: first)
            case .outcomeUnknown: .outcomeUnknown(first: first)
            }
        self.init(outcome: outcome, levels: reply.levels, used: reply.used, leases: reply.leases)
    }
}

extension StoredResult {
    init(_ reply: StoredReply) {
        switch reply.kind {
        case .response:
            self = .response(
                status: reply.status, headers: Array(reply.headers.readableBytesView),
                body: Array(reply.body.readableBytesView))
        case .unreplayable:
            self = .unreplayable(
                status: reply.status, length: reply.length, sha256: Array(reply.sha256.readableBytesView))
        case .failure:
            self = .failure(status: reply.status, slug: reply.slug)
        }
    }
}
