import NIOCore

/// The bookkeeping of one loop's connections to one endpoint, without the connections: who is idle, who waits, how
/// many are open. Every queue has a bound and a named refusal.
///
/// A connection is *opening* until `opened` or `openFailed`, then *leased* or *idle* until `closed`. Waiters are served
/// in order by whichever connection comes free first, so an opening connection belongs to nobody.
package struct PoolMachine<Connection: Equatable, Waiter: Equatable> {
    package enum OnWanted: Equatable {
        case lease(Connection)
        /// Open a connection; the waiter is queued.
        case openAndWait
        case wait
        /// The queue is full.
        case refuse
    }
    package enum OnFree: Equatable {
        case lease(Connection, to: Waiter)
        case park
        /// Not reusable and somebody waits: a new connection is to be opened in its place.
        case open
        case none
    }
    package enum OnOpenFailed: Equatable {
        /// Nothing to do.
        case none
        /// The first waiter is out of luck here; it may try another endpoint.
        case fail(Waiter)
    }

    package let connectionsMax: Int
    package let waitersMax: Int
    package private(set) var idle: [Connection] = []
    private var waiting = CircularBuffer<Waiter>()
    package private(set) var opening = 0
    package private(set) var leased = 0

    package init(connectionsMax: Int, waitersMax: Int) {
        self.connectionsMax = connectionsMax
        self.waitersMax = waitersMax
    }

    package var open: Int { self.idle.count + self.leased + self.opening }
    package var waiters: Int { self.waiting.count }
    /// Whether a request would be served at once.
    package var hasIdle: Bool { !self.idle.isEmpty }
    package var isFull: Bool { self.open >= self.connectionsMax && self.waiting.count >= self.waitersMax }

    /// The most recently used idle connection is taken first, so that the others can age out.
    package mutating func wanted(by waiter: Waiter) -> OnWanted {
        if let connection = self.idle.popLast() {
            self.leased += 1
            return .lease(connection)
        }
        guard self.waiting.count < self.waitersMax else { return .refuse }
        self.waiting.append(waiter)
        // One opening connection for each waiter is enough; more would only be parked.
        guard self.open < self.connectionsMax, self.opening < self.waiting.count else { return .wait }
        self.opening += 1
        return .openAndWait
    }

    package mutating func opened(_ connection: Connection) -> OnFree {
        self.opening -= 1
        return self.serve(connection)
    }

    package mutating func openFailed() -> OnOpenFailed {
        self.opening -= 1
        guard let waiter = self.waiting.popFirst() else { return .none }
        return .fail(waiter)
    }

    /// A lease ended; `reusable` is the exchange's verdict, never a guess.
    package mutating func released(_ connection: Connection, reusable: Bool) -> OnFree {
        self.leased -= 1
        if reusable { return self.serve(connection) }
        return self.openForWaiters()
    }

    /// An idle connection was closed, by the peer or by its age.
    package mutating func idleClosed(_ connection: Connection) -> Bool {
        guard let index = self.idle.firstIndex(of: connection) else { return false }
        self.idle.remove(at: index)
        return true
    }

    /// A waiter gave up. Returns whether it was still waiting.
    package mutating func cancelled(_ waiter: Waiter) -> Bool {
        guard let index = self.waiting.firstIndex(of: waiter) else { return false }
        self.waiting.remove(at: index)
        return true
    }

    /// Takes every idle connection out, for closing them.
    package mutating func drainIdle() -> [Connection] {
        defer { self.idle = [] }
        return self.idle
    }

    private mutating func serve(_ connection: Connection) -> OnFree {
        if let waiter = self.waiting.popFirst() {
            self.leased += 1
            return .lease(connection, to: waiter)
        }
        self.idle.append(connection)
        return .park
    }

    /// Whether somebody waits for whom no connection is being opened.
    package mutating func openForWaiters() -> OnFree {
        guard self.waiting.count > self.opening, self.open < self.connectionsMax else { return .none }
        self.opening += 1
        return .open
    }
}
