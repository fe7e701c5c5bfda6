import Domain
public import NIOCore
import RedisClient

/// One script call for requests of several templates. Redis spends about a third of a single call on what every call
/// costs (the command, the clock, the reply), so requests that wait together should go together: see
/// ``entriesMax``. The entries are decided in the order they were added.
///
/// With a single Redis any templates may share a call; in a cluster only those of one org. Reusable: `removeAll` keeps the
/// memory.
public struct AdmissionCall {
    /// As many entries as one call should hold, so that no command waits long behind it (about 5 µs each).
    public static let entriesMax = 32

    public private(set) var count = 0
    private let nowMs: Int
    private var period: UsagePeriod?
    private var readCount = 0
    private var otherCount = 0
    private var readKeys = ByteBuffer()
    private var otherKeys = ByteBuffer()
    private var blob = ByteBuffer()

    /// - Parameter nowMs: instead of Redis's clock, by tests.
    public init(nowMs: Int = 0) {
        self.nowMs = nowMs
    }

    public var isEmpty: Bool { self.count == 0 }

    public mutating func removeAll() {
        self.count = 0
        self.period = nil
        self.readCount = 0
        self.otherCount = 0
        self.readKeys.clear()
        self.otherKeys.clear()
        self.blob.clear()
    }

    /// Adds alike requests. All templates of one call must be of the same month: the first one's counts.
    public mutating func add(_ template: AdmissionTemplate, _ entry: AdmissionEntry) {
        var entry = entry
        entry.count = entry.claim == nil ? AdmissionTemplate.clamped(entry.count) : 1
        self.count += 1
        self.period = self.period ?? template.period
        self.readCount += template.readKeys.count
        self.otherCount += template.otherKeys.count
        template.readKeys.append(address: entry.address, into: &self.readKeys)
        template.otherKeys.append(address: entry.address, into: &self.otherKeys)
        let start = self.blob.writerIndex
        self.blob.writeImmutableBuffer(template.head)
        PackedWriter.set(short: entry.count, at: start + 2, in: &self.blob)
        if !template.plan.leases.isEmpty { self.addLeases(template.plan, entry) }
        if let claim = entry.claim, let rule = template.plan.claims {
            self.addClaim(claim, rule, template)
            self.blob.setInteger(UInt8(truncatingIfNeeded: template.plan.leases.count * 2 + 1), at: start + 4)
        }
        let rest = self.blob.writerIndex
        self.blob.writeImmutableBuffer(template.rest)
        if let cost = entry.cost, cost != template.plan.cost {
            template.patch(cost: cost, restAt: rest, in: &self.blob)
        }
        PackedWriter.set(short: self.blob.writerIndex - start, at: start, in: &self.blob)
    }

    /// Appends the command; may be done again, for a call that Redis did not know the script of.
    public func append(into output: inout ByteBuffer) {
        guard let period else { return }
        HotScripts.admit.beginCall(keyCount: self.readCount + self.otherCount, argumentCount: 1, into: &output)
        output.writeImmutableBuffer(self.readKeys)
        output.writeImmutableBuffer(self.otherKeys)
        output.writeStaticString("$")
        output.writeDecimal(AdmissionTemplate.callHeadBytes + self.blob.readableBytes)
        output.writeStaticString("\r\n")
        PackedWriter.write(self.nowMs, into: &output)
        PackedWriter.write(period.monthStartMs, into: &output)
        PackedWriter.write(period.monthEndMs, into: &output)
        PackedWriter.write(short: self.count, into: &output)
        PackedWriter.write(short: self.readCount, into: &output)
        output.writeImmutableBuffer(self.blob)
        output.writeStaticString("\r\n")
    }

    private mutating func addLeases(_ plan: AdmissionPlan, _ entry: AdmissionEntry) {
        PackedWriter.write(plan.leaseMs, into: &self.blob)
        for lease in plan.leases { PackedWriter.write(lease.max, into: &self.blob) }
        for index in 0..<entry.count {
            let id = index < entry.leaseIDs.count ? entry.leaseIDs[index] : []
            PackedWriter.write(text: Array(id.prefix(AdmissionTemplate.leaseIDBytesMax)), into: &self.blob)
        }
    }

    private mutating func addClaim(
        _ claim: ClaimRequest, _ rule: AdmissionPlan.ClaimRule, _ template: AdmissionTemplate
    ) {
        self.otherCount += 1
        template.appendClaimKey(claim, into: &self.otherKeys)
        PackedWriter.write(rule.claimMs, into: &self.blob)
        PackedWriter.write(rule.retentionMs, into: &self.blob)
        PackedWriter.write(byte: rule.upstreamIdempotent ? 1 : 0, into: &self.blob)
        PackedWriter.write(text: claim.fingerprint, into: &self.blob)
        PackedWriter.write(text: claim.owner, into: &self.blob)
        PackedWriter.write(text: claim.requestID, into: &self.blob)
        PackedWriter.write(byte: template.plan.bucketCount, into: &self.blob)
        for group in template.plan.groups {
            for rule in group.rules { PackedWriter.write(byte: rule.unit == .requests ? 1 : 0, into: &self.blob) }
        }
    }
}

extension AdmissionTemplate {
    func appendClaimKey(_ claim: ClaimRequest, into output: inout ByteBuffer) {
        let keyID = self.plan.claims?.scope == .apiKey ? self.plan.keyID : ""
        let prefix = self.keyspace.claimPrefix(org: self.plan.orgID, self.plan.environment, keyID: keyID)
        RESPWriter.append(Array(prefix.utf8) + claim.keyDigest, into: &output)
    }
}
