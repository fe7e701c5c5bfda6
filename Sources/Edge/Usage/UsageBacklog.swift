import HotStore
import NIOCore

/// Which counters Redis has still to be told of, org by org in the order in which they changed, and how much may be on its
/// way at once: what thousands of orgs have used is told little by little, so that no request waits long behind it, at
/// this loop or at Redis. Orgs whose call has failed wait apart, so that those of a Redis that is away keep nobody else back.
///
/// Counters are known by their places in the journal's reader.
struct UsageBacklog {
    /// What one call tells: counters of one org.
    struct Call {
        fileprivate(set) var counters: [Int]
        /// Whether the org's last call has failed.
        fileprivate(set) var isRetry: Bool
        fileprivate var journal: Int
    }

    private struct Org {
        var changed = CircularBuffer<Int>()
        var isQueued = false
        var hasFailed = false
    }

    /// At once on their way, as far as they are answered in time.
    static let callsMax = 32
    static let countersMax = ReportCommand.countersMax

    private var orgs: [Org] = []
    private var orgPlaces: [String: Int] = [:]
    /// By counter.
    private var orgOf: [Int] = []
    private var isChanged: [Bool] = []
    private var queue = CircularBuffer<Int>()
    private var failed = CircularBuffer<Int>()
    private var journal = 0
    /// Counters that have changed and are not on their way.
    private(set) var waiting = 0
    private(set) var callsUnderWay = 0
    private var countersUnderWay = 0

    /// Counters that are known.
    var count: Int { self.orgOf.count }
    /// Counters that Redis has not confirmed; one that has changed on its way counts twice.
    var unconfirmed: Int { self.waiting + self.countersUnderWay }
    /// Orgs that wait for ``nextRetry()``.
    var retries: Int { self.failed.count }
    /// Whether so much has been answered that the next calls are worth sending together.
    var wantsMore: Bool {
        !self.queue.isEmpty && self.callsUnderWay <= Self.callsMax / 2 && self.countersUnderWay <= Self.countersMax / 2
    }

    /// Learns of the next counter.
    mutating func append(org: String) {
        let place = self.orgPlaces[org] ?? self.orgs.count
        if place == self.orgs.count {
            self.orgPlaces[org] = place
            self.orgs.append(Org())
        }
        self.orgOf.append(place)
        self.isChanged.append(false)
    }

    /// A counter has another value than Redis was told.
    mutating func changed(_ counter: Int) {
        guard !self.isChanged[counter] else { return }
        self.isChanged[counter] = true
        self.waiting += 1
        let org = self.orgOf[counter]
        self.orgs[org].changed.append(counter)
        self.enqueue(org)
    }

    /// Redis may know nothing of any.
    mutating func allChanged() {
        for counter in self.orgOf.indices { self.changed(counter) }
    }

    private mutating func enqueue(_ org: Int) {
        guard !self.orgs[org].isQueued else { return }
        self.orgs[org].isQueued = true
        if self.orgs[org].hasFailed { self.failed.append(org) } else { self.queue.append(org) }
    }

    /// Another journal: places of the one before mean nothing any more.
    mutating func startOver() {
        self = Self(
            callsUnderWay: self.callsUnderWay, countersUnderWay: self.countersUnderWay, journal: self.journal + 1)
    }

    /// The next call to send, which is on its way from now on. nil when there is none, or no room.
    mutating func next() -> Call? {
        guard self.hasRoom, let org = self.queue.popFirst() else { return nil }
        return self.call(org)
    }

    /// The same of the orgs whose last call has failed.
    mutating func nextRetry() -> Call? {
        guard self.hasRoom, let org = self.failed.popFirst() else { return nil }
        return self.call(org)
    }

    private var hasRoom: Bool { self.callsUnderWay < Self.callsMax && self.countersUnderWay < Self.countersMax }

    private mutating func call(_ org: Int) -> Call {
        self.orgs[org].isQueued = false
        var some: [Int] = []
        while self.countersUnderWay + some.count < Self.countersMax, let counter = self.orgs[org].changed.popFirst() {
            self.isChanged[counter] = false
            some.append(counter)
        }
        if !self.orgs[org].changed.isEmpty { self.enqueue(org) }
        self.waiting -= some.count
        self.callsUnderWay += 1
        self.countersUnderWay += some.count
        return Call(counters: some, isRetry: self.orgs[org].hasFailed, journal: self.journal)
    }

    /// A call is over. What Redis has not confirmed waits again, behind what the org has waiting.
    mutating func ended(_ call: Call, isConfirmed: Bool) {
        self.callsUnderWay -= 1
        self.countersUnderWay -= call.counters.count
        guard call.journal == self.journal, let first = call.counters.first else { return }
        self.orgs[self.orgOf[first]].hasFailed = !isConfirmed
        guard !isConfirmed else { return }
        for counter in call.counters { self.changed(counter) }
    }

    init() {}

    private init(callsUnderWay: Int, countersUnderWay: Int, journal: Int) {
        self.callsUnderWay = callsUnderWay
        self.countersUnderWay = countersUnderWay
        self.journal = journal
    }
}
