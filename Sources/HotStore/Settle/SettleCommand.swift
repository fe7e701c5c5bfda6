public import Domain
public import NIOCore
import RedisClient

/// Encodes calls of lua/scripts/settle.lua. The reply is 1 when it settled, 0 when that was done before or the claim is
/// another's.
public enum SettleCommand {
    /// What the script writes into the claim: its action, and the three strings that go with it.
    private struct ClaimContent {
        var action = 0
        var status = ""
        var second: [UInt8] = []
        var third: [UInt8] = []

        init(_ action: Settlement.ClaimAction) {
            switch action {
            case .store(.response(let status, let headers, let body)):
                (self.action, self.status, self.second, self.third) = (1, String(status), headers, body)
            case .store(.unreplayable(let status, let length, let sha256)):
                (self.action, self.status) = (2, String(status))
                (self.second, self.third) = (Array(String(length).utf8), sha256)
            case .store(.failure(let status, let slug)):
                (self.action, self.status, self.second) = (3, String(status), Array(slug.utf8))
            case .release:
                self.action = 4
            }
        }
    }

    /// Appends the call. At most 255 quotas.
    ///
    /// - Parameters:
    ///   - template: the one the request was admitted with, or a newer one of the same principal and route.
    ///   - address: the client's, where the plan needs it.
    ///   - nowMs: instead of Redis's clock, by tests.
    public static func append(
        _ settlement: Settlement, template: AdmissionTemplate, address: ByteBuffer? = nil, nowMs: Int = 0,
        into output: inout ByteBuffer
    ) {
        let plan = template.plan
        let quotas = settlement.quotas.prefix(255)
        let corrected = settlement.cost == nil ? [] : plan.groups.filter { $0.rules.contains { $0.unit == .cost } }
        var keys = ByteBuffer()
        var keyCount = 0
        var blob = ByteBuffer()
        PackedWriter.write(nowMs, into: &blob)
        let content = Self.appendGuard(settlement.guard, template, &keys, &keyCount, into: &blob)
        let leases = settlement.leaseID == nil ? [] : plan.leases
        for count in [leases.count, corrected.count, quotas.count] {
            PackedWriter.write(byte: count, into: &blob)
        }
        var markMs = 0
        if case .mark(_, let keepMs) = settlement.guard { markMs = max(1, keepMs) }
        PackedWriter.write(markMs, into: &blob)
        var owner: [UInt8] = []
        if case .claim(let claim, _) = settlement.guard { owner = claim.owner }
        PackedWriter.write(text: owner, into: &blob)
        PackedWriter.write(
            text: Array((settlement.leaseID ?? []).prefix(AdmissionTemplate.leaseIDBytesMax)), into: &blob)

        var others = EncodedKeys()
        for lease in leases { template.addLease(lease, to: &others) }
        others.append(address: address, into: &keys)
        keyCount += others.count
        if let cost = settlement.cost {
            keyCount += Self.appendGroups(corrected, cost, template, address, &keys, into: &blob)
        }
        for quota in quotas {
            RESPWriter.append(
                template.keyspace.quota(org: plan.orgID, plan.environment, meter: quota.meter, month: quota.month),
                into: &keys)
            PackedWriter.write(quota.amount, into: &blob)
        }
        keyCount += quotas.count

        HotScripts.settle.beginCall(keyCount: keyCount, argumentCount: content.action == 0 ? 1 : 4, into: &output)
        output.writeImmutableBuffer(keys)
        RESPWriter.append(blob, into: &output)
        guard content.action != 0 else { return }
        RESPWriter.append(content.status, into: &output)
        RESPWriter.append(content.second, into: &output)
        RESPWriter.append(content.third, into: &output)
    }

    private static func appendGuard(
        _ guardian: Settlement.Guard, _ template: AdmissionTemplate, _ keys: inout ByteBuffer, _ keyCount: inout Int,
        into blob: inout ByteBuffer
    ) -> ClaimContent {
        var content = ClaimContent(.release)
        content.action = 0
        var kind = 0
        switch guardian {
        case .claim(let claim, let action):
            kind = 1
            content = ClaimContent(action)
            template.appendClaimKey(claim, into: &keys)
        case .mark(let id, _):
            kind = 2
            RESPWriter.append(
                Array(template.keyspace.markPrefix(org: template.plan.orgID).utf8) + id, into: &keys)
        case .none:
            break
        }
        keyCount += kind == 0 ? 0 : 1
        PackedWriter.write(byte: kind, into: &blob)
        PackedWriter.write(byte: content.action, into: &blob)
        return content
    }

    private static func appendGroups(
        _ groups: [BucketGroup], _ cost: Settlement.CostCorrection, _ template: AdmissionTemplate,
        _ address: ByteBuffer?, _ keys: inout ByteBuffer, into blob: inout ByteBuffer
    ) -> Int {
        var names = EncodedKeys()
        for group in groups {
            template.addGroup(group, to: &names)
            PackedWriter.write(group.shape, into: &blob)
            for rule in group.rules {
                PackedWriter.write(rule.full, into: &blob)
                PackedWriter.write(rule.unitsPerMs, into: &blob)
                PackedWriter.write(rule.correction(cost), into: &blob)
            }
            for rule in group.rules {
                PackedWriter.write(Int(rule.id), into: &blob)
                PackedWriter.write(rule.unitsPerToken, into: &blob)
            }
            for rule in group.rules { PackedWriter.write(rule.floor, into: &blob) }
        }
        names.append(address: address, into: &keys)
        return names.count
    }
}
