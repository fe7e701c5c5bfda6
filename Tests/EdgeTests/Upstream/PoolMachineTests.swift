import Testing

@testable import Edge

/// One loop's connections to one endpoint, case by case.
@Suite struct PoolMachineTests {
    private typealias Pool = PoolMachine<Int, String>

    @Test func `the first request opens a connection and gets it`() {
        var pool = Pool(connectionsMax: 2, waitersMax: 2)
        #expect(pool.wanted(by: "a") == .openAndWait)
        #expect(pool.opening == 1)
        #expect(pool.opened(1) == .lease(1, to: "a"))
        #expect(pool.leased == 1)
        #expect(pool.released(1, reusable: true) == .park)
        #expect(pool.hasIdle)
        #expect(pool.wanted(by: "b") == .lease(1))
    }

    @Test func `the connection used last is taken first, so that the others can age out`() {
        var pool = Pool(connectionsMax: 2, waitersMax: 2)
        _ = pool.wanted(by: "a")
        _ = pool.wanted(by: "b")
        _ = pool.opened(1)
        _ = pool.opened(2)
        #expect(pool.released(1, reusable: true) == .park)
        #expect(pool.released(2, reusable: true) == .park)
        #expect(pool.idle == [1, 2])
        #expect(pool.wanted(by: "c") == .lease(2))
    }

    @Test func `requests beyond the connections wait in order, and beyond the queue are refused`() {
        var pool = Pool(connectionsMax: 1, waitersMax: 2)
        _ = pool.wanted(by: "a")
        _ = pool.opened(1)
        #expect(pool.wanted(by: "b") == .wait)
        #expect(pool.wanted(by: "c") == .wait)
        #expect(pool.wanted(by: "d") == .refuse)
        #expect(pool.isFull)
        #expect(pool.released(1, reusable: true) == .lease(1, to: "b"))
        #expect(pool.released(1, reusable: true) == .lease(1, to: "c"))
        #expect(pool.released(1, reusable: true) == .park)
    }

    @Test func `a connection that broke is replaced while somebody waits`() {
        var pool = Pool(connectionsMax: 1, waitersMax: 2)
        _ = pool.wanted(by: "a")
        _ = pool.opened(1)
        #expect(pool.wanted(by: "b") == .wait)
        #expect(pool.released(1, reusable: false) == .open)
        #expect(pool.opened(2) == .lease(2, to: "b"))
        #expect(pool.released(2, reusable: false) == .none)
        #expect(pool.open == 0)
    }

    @Test func `a connection that does not open fails the first waiter, and others get another try`() {
        var pool = Pool(connectionsMax: 1, waitersMax: 3)
        _ = pool.wanted(by: "a")
        #expect(pool.wanted(by: "b") == .wait)
        #expect(pool.openFailed() == .fail("a"))
        #expect(pool.openForWaiters() == .open)
        #expect(pool.opened(1) == .lease(1, to: "b"))
        _ = pool.released(1, reusable: false)
        _ = pool.wanted(by: "c")
        #expect(pool.openFailed() == .fail("c"))
        #expect(pool.openForWaiters() == .none)
        #expect(pool.open == 0)
    }

    @Test func `a waiter that gives up is not served`() {
        var pool = Pool(connectionsMax: 1, waitersMax: 2)
        _ = pool.wanted(by: "a")
        #expect(pool.cancelled("a") == true)
        #expect(pool.cancelled("a") == false)
        #expect(pool.opened(1) == .park)
    }

    @Test func `draining hands out every idle connection once`() {
        var pool = Pool(connectionsMax: 2, waitersMax: 2)
        _ = pool.wanted(by: "a")
        _ = pool.opened(1)
        _ = pool.released(1, reusable: true)
        #expect(pool.drainIdle() == [1])
        #expect(pool.drainIdle() == [])
        #expect(pool.idleClosed(1) == false)
        #expect(pool.open == 0)
    }
}
