public import Domain
public import NIOCore
import RedisClient

/// Encodes calls of lua/scripts/heartbeat.lua. The reply is two integers: 1 when the claim was prolonged, and how many
/// leases were.
public enum HeartbeatCommand {
    /// Appends the call; at least one of claim and lease should be given.
    public static func append(
        claim: ClaimRequest?, leaseID: [UInt8]?, template: AdmissionTemplate, address: ByteBuffer? = nil,
        nowMs: Int = 0, into output: inout ByteBuffer
    ) {
        let plan = template.plan
        let claim = plan.claims == nil ? nil : claim
        var leases = EncodedKeys()
        if leaseID != nil {
            for lease in plan.leases { template.addLease(lease, to: &leases) }
        }
        HotScripts.heartbeat.beginCall(
            keyCount: leases.count + (claim == nil ? 0 : 1), argumentCount: 1, into: &output)
        if let claim { template.appendClaimKey(claim, into: &output) }
        leases.append(address: address, into: &output)
        var blob = ByteBuffer()
        PackedWriter.write(nowMs, into: &blob)
        PackedWriter.write(byte: claim == nil ? 0 : 1, into: &blob)
        PackedWriter.write(plan.claims?.claimMs ?? 0, into: &blob)
        PackedWriter.write(plan.leaseMs, into: &blob)
        PackedWriter.write(text: claim?.owner ?? [], into: &blob)
        PackedWriter.write(text: Array((leaseID ?? []).prefix(AdmissionTemplate.leaseIDBytesMax)), into: &blob)
        RESPWriter.append(blob, into: &output)
    }
}
