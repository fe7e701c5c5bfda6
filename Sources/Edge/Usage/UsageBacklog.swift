import HotStore
import NIOCore

/// Which counters Redis has still to be told of, org by org in the order in which they changed, and how much may be on its
/// way at once: what thousands of orgs have used is told little by little, so that no request waits long behind it, at
/// this loop or at Redis.
///
/// Counters are known by their places in the journal's reader.
struct UsageBacklog {
    /// What one call tells: counters of one org.
    struct Call: Equatable {
        fileprivate(set) var org: Int
        fileprivate(set) var counters: [Int]
        fileprivate var journal: Int
    }

    private struct Org {
        var changed: [Int] = []
        var isQueued = false
    }

    /// At once on their way: a millisecond of Redis's time at most.
    static let callsMax = 32
    static let countersMax = ReportCommand.countersMax

    private var orgs: [Org] = []
    private var orgPlaces: [String: Int] = [:]
    /// By counter.
    private var orgOf: [Int] = []
    private var isChanged: [Bool] = []
    private var queue = CircularBuffer<Int>()
    private var journal = 0
    /// Counters that have changed and are not on their way.
    private(set) var waiting = 0
    private(set) var callsUnderWay = 0
    private var countersUnderWay = 0

    /// Counters that are known.
    var count: Int { self.orgOf.count }
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
        self.queue.append(org)
    }

    /// Another journal: places of the one before mean nothing any more.
    mutating func startOver() {
        self = Self(
            callsUnderWay: self.callsUnderWay, countersUnderWay: self.countersUnderWay, journal: self.journal + 1)
    }

    /// The next call to send, which is on its way from now on. nil when there is none, or no room.
    mutating func next() -> Call? {
        let room = Self.countersMax - self.countersUnderWay
        guard self.callsUnderWay < Self.callsMax, room > 0, let org = self.queue.popFirst() else { return nil }
        self.orgs[org].isQueued = false
        let some = Array(self.orgs[org].changed.suffix(room))
        self.orgs[org].changed.removeLast(some.count)
        if !self.orgs[org].changed.isEmpty { self.enqueue(org) }
        for counter in some { self.isChanged[counter] = false }
        self.waiting -= some.count
        self.callsUnderWay += 1
        self.countersUnderWay += some.count
        return Call(org: org, counters: some, journal: self.journal)
    }

    /// A call is over. What Redis has not confirmed waits again.
    mutating func ended(_ call: Call, isConfirmed: Bool) {
        self.callsUnderWay -= 1
        self.countersUnderWay -= call.counters.count
        guard !isConfirmed, call.journal == self.journal else { return }
        for counter in call.counters { self.changed(counter) }
    }

    init() {}

    private init(callsUnderWay: Int, countersUnderWay: Int, journal: Int) {
        self.callsUnderWay = callsUnderWay
        self.countersUnderWay = countersUnderWay
        self.journal = journal
    }
}
