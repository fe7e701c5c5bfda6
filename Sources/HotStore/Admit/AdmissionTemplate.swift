// What every admission of one principal on one route has in common, encoded once.
//
// The command is `EVALSHA sha keys… blob` (lua/scripts/admit.lua says what the blob holds). Everything in it has a fixed
// width but addresses, lease ids and claims, so an ordinary request is one copy of the whole command, in which are patched:
//   count   two bytes of the entry's head
//   cost    the eight bytes of `need` of every bucket that counts cost, when the cost is not the plan's own
//   clock   eight bytes of the call's head, by tests only
// The month is baked in, and baked again when it changes (`period`).

public import Domain
public import NIOCore
import RedisClient

/// The encoded admission of one principal on one route, under one version of its records. Bound to one loop.
public final class AdmissionTemplate {
    public let plan: AdmissionPlan
    public let versionTag: String
    /// Where all keys of its calls lie in a cluster.
    public let slot: Int

    /// Its month is named in quotas' keys. Setting one of another month encodes anew.
    public var period: UsagePeriod {
        didSet { if self.period.month != oldValue.month { self.encode() } }
    }

    /// Requests in one call: more fit, but one call should not hold up Redis, nor its blob leave 16 bits of length.
    public static let countMax = 512
    /// Bytes of a lease id that count.
    public static let leaseIDBytesMax = 64

    let keyspace: Keyspace
    let reference: PlanReference
    private(set) var readKeys = EncodedKeys()
    private(set) var otherKeys = EncodedKeys()
    /// The entry up to the version tag, and after what leases and a claim put in between.
    private(set) var head = ByteBuffer()
    private(set) var rest = ByteBuffer()
    /// Where in `rest` the need of a bucket that counts cost stands.
    private(set) var costPlaces: [(offset: Int, rule: BucketRule)] = []
    /// The whole command for one plain request; empty where leases or addresses come in between.
    private var whole = ByteBuffer()
    private var wholeEntry = 0

    static let callHeadBytes = 28

    public init(_ plan: AdmissionPlan, versionTag: String, keyspace: Keyspace, period: UsagePeriod) {
        self.plan = plan
        self.reference = PlanReference(plan)
        self.versionTag = versionTag
        self.keyspace = keyspace
        self.slot = keyspace.slot(ofOrg: plan.orgID)
        self.period = period
        self.encode()
    }

    // MARK: A call for this template alone

    /// Appends the call for `count` (1 … ``countMax``) alike requests.
    ///
    /// - Parameters:
    ///   - cost: of each; nil is the plan's own.
    ///   - address: where the plan needs it.
    ///   - leaseIDs: one for each request, where the plan has leases.
    ///   - nowMs: instead of Redis's clock, by tests.
    @inlinable
    public func append(
        count: Int, cost: Int? = nil, address: ByteBuffer? = nil, leaseIDs: [[UInt8]] = [], nowMs: Int = 0,
        into output: inout ByteBuffer
    ) {
        if self.appendWhole(count: count, cost: cost, nowMs: nowMs, into: &output) { return }
        self.appendPieces(
            AdmissionEntry(count: count, cost: cost, address: address, leaseIDs: leaseIDs), nowMs: nowMs, into: &output)
    }

    /// Appends the call for one request with an idempotency key, on a route that takes them.
    public func appendKeyed(
        _ claim: ClaimRequest, cost: Int? = nil, address: ByteBuffer? = nil, leaseID: [UInt8]? = nil, nowMs: Int = 0,
        into output: inout ByteBuffer
    ) {
        let leaseIDs = leaseID.map { [$0] } ?? []
        self.appendPieces(
            AdmissionEntry(count: 1, cost: cost, address: address, leaseIDs: leaseIDs, claim: claim), nowMs: nowMs,
            into: &output)
    }

    @usableFromInline
    func appendWhole(count: Int, cost: Int?, nowMs: Int, into output: inout ByteBuffer) -> Bool {
        guard self.whole.readableBytes > 0 else { return false }
        let entry = output.writerIndex + self.wholeEntry
        output.writeImmutableBuffer(self.whole)
        if count != 1 { PackedWriter.set(short: Self.clamped(count), at: entry + 2, in: &output) }
        if let cost, cost != self.plan.cost {
            self.patch(cost: cost, restAt: entry + self.head.readableBytes, in: &output)
        }
        if nowMs != 0 { PackedWriter.set(nowMs, at: entry - Self.callHeadBytes, in: &output) }
        return true
    }

    @usableFromInline
    func appendPieces(_ entry: AdmissionEntry, nowMs: Int, into output: inout ByteBuffer) {
        var call = AdmissionCall(nowMs: nowMs)
        call.add(self, entry)
        call.append(into: &output)
    }

    /// Beyond it requests are not asked for, and so not admitted.
    static func clamped(_ count: Int) -> Int { min(max(1, count), Self.countMax) }

    /// Writes the need of every bucket that counts cost.
    func patch(cost: Int, restAt start: Int, in output: inout ByteBuffer) {
        for place in self.costPlaces {
            PackedWriter.set(place.rule.need(cost: cost), at: start + place.offset, in: &output)
        }
    }

    // MARK: Encoding

    private func encode() {
        self.encodeKeys()
        self.encodeHead()
        self.encodeRest()
        self.whole.clear()
        guard !self.plan.needsAddress, self.plan.leases.isEmpty else { return }
        self.appendPieces(AdmissionEntry(count: 1), nowMs: 0, into: &self.whole)
        self.wholeEntry = self.whole.readableBytes - 2 - self.head.readableBytes - self.rest.readableBytes
    }

    private func encodeKeys() {
        let plan = self.plan
        self.readKeys = EncodedKeys()
        self.otherKeys = EncodedKeys()
        self.readKeys.add(self.keyspace.version(ofOrg: plan.orgID))
        for group in plan.groups { self.addGroup(group, to: &self.readKeys) }
        for quota in plan.quotas {
            self.readKeys.add(
                self.keyspace.quota(
                    org: plan.orgID, plan.environment, meter: quota.meter, month: self.period.month))
        }
        for lease in plan.leases { self.addLease(lease, to: &self.otherKeys) }
    }

    func addGroup(_ group: BucketGroup, to keys: inout EncodedKeys) {
        let name = self.keyspace.group(
            org: self.plan.orgID, self.plan.environment, group.scope, subject: group.subject, group.source)
        keys.add(name, scope: group.scope, suffix: ":" + Keyspace.text(group.source))
    }

    func addLease(_ lease: AdmissionPlan.LeaseRule, to keys: inout EncodedKeys) {
        let name = self.keyspace.leases(
            org: self.plan.orgID, self.plan.environment, lease.scope, subject: lease.subject, lease.source,
            name: lease.name)
        keys.add(name, scope: lease.scope, suffix: ":\(Keyspace.text(lease.source)):\(lease.name)")
    }

    private func encodeHead() {
        self.head.clear()
        PackedWriter.write(short: 0, into: &self.head)
        PackedWriter.write(short: 1, into: &self.head)
        PackedWriter.write(byte: self.plan.leases.count * 2, into: &self.head)
        PackedWriter.write(byte: self.plan.groups.count, into: &self.head)
        PackedWriter.write(byte: self.plan.quotas.count, into: &self.head)
        PackedWriter.write(text: self.versionTag, into: &self.head)
    }

    private func encodeRest() {
        self.rest.clear()
        self.costPlaces = []
        for group in self.plan.groups {
            PackedWriter.write(group.shape, into: &self.rest)
            for rule in group.rules {
                PackedWriter.write(rule.full, into: &self.rest)
                PackedWriter.write(rule.unitsPerMs, into: &self.rest)
                if rule.unit == .cost { self.costPlaces.append((self.rest.writerIndex, rule)) }
                PackedWriter.write(rule.need(cost: self.plan.cost), into: &self.rest)
            }
            for rule in group.rules {
                PackedWriter.write(Int(rule.id), into: &self.rest)
                PackedWriter.write(rule.unitsPerToken, into: &self.rest)
            }
        }
        for quota in self.plan.quotas {
            PackedWriter.write(quota.limit, into: &self.rest)
            PackedWriter.write(quota.amount, into: &self.rest)
        }
    }
}

extension EncodedKeys {
    /// A name that ends in `suffix`; with scope `ip`, its subject comes from the request.
    mutating func add(_ name: String, scope: LimitScope, suffix: String) {
        if scope == .ip {
            self.add(prefix: String(name.dropLast(suffix.count)), suffix: suffix)
        } else {
            self.add(name)
        }
    }
}
