import Domain
import HotStore
import NIOCore
import RedisClient
import TestKit
import Testing

/// The ledger of shares in Redis against its twin, renewal by renewal.
struct ShareTests {
    @Test func `gateways lease exactly what the model grants`() async throws {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SplitMix64(seed: seed)
        let client = try await HotClient(TestRedis.shared(), prefix: "shares-\(seed):")
        var model = ShareLedger()
        var leases: [String: ShareLease] = [:]
        var late: [(String, ShareRenewal)] = []
        var nowMs = Plans.nowMs
        var granted = 0
        for step in 0..<TestEffort.cases(1_500, full: 50_000) {
            nowMs += Int.random(in: 0...700, using: &random)
            if step % 200 == 199 { nowMs += 30_000 }
            let id = "gateway-\(Int.random(in: 0...4, using: &random))"
            var lease = leases[id] ?? ShareLease(intervalMs: 500, keepMs: 20_000)
            let run = "run\(step / 500)"
            var (sender, renewal) = (id, lease.renewal(run: run))
            switch Int.random(in: 0..<20, using: &random) {
            case 0:
                let change = lease.leaving()
                lease.changed(change, wereFull: Bool.random(using: &random))
                renewal = lease.farewell(run: run)
            case 1 where !late.isEmpty: (sender, renewal) = late.removeFirst()
            case 2: late.append((id, renewal))
            case 3:
                model.forget(id)
                try await client.command(
                    "HDEL", .text(client.keyspace.shares), .text(Keyspace.shareField(ofGateway: id)))
                lease = ShareLease(intervalMs: 500, keepMs: 20_000)
                renewal = lease.renewal(run: run)
            default: break
            }
            let real = try await client.renew(renewal, sender, nowMs: nowMs)
            let expected = model.renew(renewal, by: sender, nowMs: nowMs)
            guard real == expected else {
                Issue.record("seed \(seed), step \(step): \(renewal) of \(sender): \(real), expected \(expected)")
                break
            }
            if sender == id, renewal.keepMs > 0, Int.random(in: 0..<5, using: &random) > 0 {
                if let change = lease.granted(real) {
                    granted += change.isStocked ? 1 : 0
                    lease.changed(change, wereFull: Bool.random(using: &random))
                }
            } else {
                lease.unanswered()
            }
            leases[id] = renewal.keepMs > 0 ? lease : nil
        }
        #expect(granted > 0)
        await client.close()
    }

    @Test func `with Redis's own clock a gateway leases everything when it is alone`() async throws {
        let client = try await HotClient(TestRedis.shared(), prefix: "share-\(UInt64.random(in: 0 ... .max)):")
        var lease = ShareLease(intervalMs: 5)
        try await eventually("a grant") {
            let grant = try await client.renew(lease.renewal(run: "r"), "g", nowMs: 0)
            if let change = lease.granted(grant) { lease.changed(change, wereFull: true) }
            return lease.divisor == 1
        }
        await client.close()
    }
}

extension HotClient {
    func renew(_ renewal: ShareRenewal, _ gateway: String, nowMs: Int) async throws -> ShareGrant {
        var command = ByteBuffer()
        EnrolCommand.append(renewal, gateway: gateway, self.keyspace, nowMs: nowMs, into: &command)
        return try await self.call(command) {
            ShareGrant($0) ?? ShareGrant(divisor: -1, isStocked: false, gateways: -1)
        }
    }
}
