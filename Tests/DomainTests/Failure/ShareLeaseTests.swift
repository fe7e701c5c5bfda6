import Domain
import Testing

/// Nobody takes a larger share than the others have left.
struct ShareLeaseTests {
    @Test func `a newcomer has no share before the others have renewed`() {
        var lease = ShareLease(intervalMs: 1_000)
        #expect(lease.gateways == nil)
        lease.renewed(gateways: 3, nowMs: 0)
        lease.renewed(gateways: 3, nowMs: 1_000)
        #expect(lease.gateways == nil)
        lease.renewed(gateways: 3, nowMs: 2_000)
        #expect(lease.gateways == 3)
    }

    @Test func `more gateways count at once, fewer only after two renewals`() {
        var lease = ShareLease(intervalMs: 1_000)
        for step in 0...2 { lease.renewed(gateways: 2, nowMs: step * 1_000) }
        lease.renewed(gateways: 4, nowMs: 3_000)
        #expect(lease.gateways == 4)
        lease.renewed(gateways: 1, nowMs: 4_000)
        #expect(lease.gateways == 4)
        lease.renewed(gateways: 1, nowMs: 5_000)
        #expect(lease.gateways == 4)
        lease.renewed(gateways: 1, nowMs: 6_000)
        #expect(lease.gateways == 1)
    }

    @Test func `an empty Redis that has heard of nobody else gives no whole share`() {
        var lease = ShareLease(intervalMs: 1_000)
        for step in 0...4 { lease.renewed(gateways: 5, nowMs: step * 1_000) }
        lease.renewed(gateways: 1, nowMs: 4_900)
        #expect(lease.gateways == 5)
    }

    @Test func `what was leased stays while Redis is away`() {
        var lease = ShareLease(intervalMs: 1_000)
        for step in 0...2 { lease.renewed(gateways: 2, nowMs: step * 1_000) }
        let kept = lease
        #expect(kept.gateways == 2)
        lease.renewed(gateways: 2, nowMs: 100_000)
        #expect(lease.gateways == 2)
    }
}
