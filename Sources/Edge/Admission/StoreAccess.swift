import Domain
import RedisClient

/// What routes with one store deadline share on one loop: how long they wait for Redis, and whether they ask it at all. A
/// Redis that is too slow for one deadline may be quick enough for another.
final class StoreAccess {
    /// As the route says; nil is the link's own.
    let deadlineMs: Int?
    /// The longest that a request waits for Redis in all.
    let deadlineNs: Int
    var breaker = StoreBreaker(seed: .random(in: 0 ... .max))
    private let loop: EdgeLoop
    private lazy var probe = StoreProbe(loop: self.loop, store: self)

    init(deadlineMs: Int?, loop: EdgeLoop) {
        self.deadlineMs = deadlineMs
        self.deadlineNs = (deadlineMs ?? loop.link.configuration.commandDeadlineMs) * 1_000_000
        self.loop = loop
    }

    /// Called by the loop's tick.
    func tick(nowMs: Int) {
        if self.breaker.probeDue(nowMs: nowMs) { self.probe.send() }
    }
}
