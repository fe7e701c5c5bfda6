import Testing

@testable import PostgresClient

@Suite struct `Pool bookkeeping` {
    private func leased(_ action: PoolMachine<Int, String>.OnWant) -> Int? {
        if case .lease(let slot) = action { slot } else { nil }
    }

    @Test func `the last used connection is lent first, and a returned one goes to the first in the queue`() {
        var machine = PoolMachine<Int, String>(slots: [1, 2], waitersMax: 2)
        #expect(leased(machine.want(by: "a")) == 2)
        #expect(leased(machine.want(by: "b")) == 1)
        guard case .wait = machine.want(by: "c"), case .wait = machine.want(by: "d") else {
            Issue.record("c and d should wait")
            return
        }
        guard case .refuseFull = machine.want(by: "e") else {
            Issue.record("e should be refused")
            return
        }
        guard case .hand(1, to: "c") = machine.release(1) else {
            Issue.record("c should be served")
            return
        }
        let (waiting, served) = (machine.giveUp("d"), machine.giveUp("c"))
        #expect(waiting && !served)
        guard case .park = machine.release(2) else {
            Issue.record("nobody waits")
            return
        }
        #expect(leased(machine.want(by: "f")) == 2)
    }

    @Test func `closing gives up the idle and the waiting, and disconnects what comes back`() {
        var machine = PoolMachine<Int, String>(slots: [1], waitersMax: 2)
        #expect(leased(machine.want(by: "a")) == 1)
        _ = machine.want(by: "b")
        let (idle, waiting) = machine.close()
        #expect(idle.isEmpty)
        #expect(waiting == ["b"])
        guard case .disconnect(1) = machine.release(1), case .refuseClosed = machine.want(by: "c") else {
            Issue.record("a closed pool keeps nothing")
            return
        }
    }
}
