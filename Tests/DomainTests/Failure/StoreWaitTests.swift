import Testing

@testable import Domain

@Suite struct StoreWaitTests {
    @Test func `nothing has been waited for at first`() {
        #expect(StoreWait().leftNs(of: 50, nowNs: 1_000) == 50)
        var wait = StoreWait()
        wait.begin(nowNs: 1_000)
        #expect(wait.leftNs(of: 50, nowNs: 1_000) == 50)
        #expect(wait.leftNs(of: 50, nowNs: 1_049) == 1)
        #expect(wait.leftNs(of: 50, nowNs: 1_050) == 0)
        #expect(wait.leftNs(of: 50, nowNs: 9_000) == 0)
    }

    @Test func `what one question took the next does not get, and time between them is no wait`() {
        var wait = StoreWait()
        wait.begin(nowNs: 0)
        wait.end(nowNs: 20)
        #expect(wait.leftNs(of: 50, nowNs: 5_000) == 30)
        wait.begin(nowNs: 5_000)
        wait.begin(nowNs: 5_010)
        #expect(wait.leftNs(of: 50, nowNs: 5_010) == 20)
        wait.end(nowNs: 5_020)
        wait.end(nowNs: 9_000)
        #expect(wait.spentNs == 40)
    }

    @Test func `who waits longest counts for all who wait for one answer`() {
        var wait = StoreWait()
        wait.include(spentNs: 30, nowNs: 100)
        wait.begin(nowNs: 200)
        #expect(wait.leftNs(of: 50, nowNs: 200) == 20)
        wait.include(spentNs: 10, nowNs: 205)
        #expect(wait.leftNs(of: 50, nowNs: 205) == 15)
        wait.include(spentNs: 45, nowNs: 205)
        #expect(wait.leftNs(of: 50, nowNs: 205) == 5)
    }

    @Test func `half of the deadline is enough to judge Redis by`() {
        #expect(!StoreWait.isLate(leftNs: 50, of: 50))
        #expect(!StoreWait.isLate(leftNs: 25, of: 50))
        #expect(StoreWait.isLate(leftNs: 24, of: 50))
        #expect(StoreWait.isLate(leftNs: 0, of: 0) == false)
    }
}
