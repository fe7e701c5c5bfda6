import Domain
import HotStore
import Journal
import NIOCore
import NIOPosix
import RedisClient

/// Tells Redis what the whole process has counted, a few times a second, from its first loop: absolute values under the
/// journal's id, so that a call may come twice or late, and a Redis that has forgotten is simply told again.
final class UsageReporter {
    private let loop: EdgeLoop
    private var reader: JournalReader?
    private var backlog = UsageBacklog()
    private var isFlushing = false
    private var ticks = 0

    /// Ticks of the loop between two reports; between two writes to the disk.
    private static let reportTicks = 5
    private static let flushTicks = 20
    /// Calls that are tried in one go, refused ones included.
    private static let triesMax = 256

    init(loop: EdgeLoop) {
        self.loop = loop
    }

    /// Counters that Redis has not confirmed.
    var waiting: Int { self.backlog.unconfirmed }
    /// What the journal knows of requests.
    var balance: JournalBalance { self.reader?.balance ?? JournalBalance() }

    /// Reports another journal from now on; the last values of the one before are recorded by whoever takes it over.
    func follow(_ journal: JournalFile) {
        self.reader = JournalReader(journal)
        self.backlog.startOver()
    }

    /// Another Redis than before may know nothing: it is told everything.
    func redisChanged() { self.backlog.allChanged() }

    /// Called by the loop's tick.
    func tick() {
        self.ticks += 1
        if self.ticks.isMultiple(of: Self.flushTicks) { self.flush() }
        if self.ticks.isMultiple(of: Self.reportTicks) { self.report() }
    }

    /// Reads what was counted since the last time, and begins to tell Redis, or goes on.
    func report() {
        guard let readings = self.reader?.poll(), let reader else { return }
        while self.backlog.count < reader.counters.count {
            self.backlog.append(org: reader.counters[self.backlog.count].orgID)
        }
        for reading in readings { self.backlog.changed(reading.index) }
        self.sendNext(retries: true)
    }

    /// Sends as much as may be on its way; the answers have the rest sent. An org that has failed is tried once in a report,
    /// and further ones when such a call has been answered.
    private func sendNext(retries: Bool) {
        guard let reader, self.loop.link.reachesAny else { return }
        var hashes: [String] = []
        var retriesLeft = retries ? min(self.backlog.retries, UsageBacklog.callsMax) : 0
        for _ in 0..<Self.triesMax {
            var next = self.backlog.next()
            if next == nil, retriesLeft > 0 {
                next = self.backlog.nextRetry()
                retriesLeft -= 1
            }
            guard let call = next, let first = call.counters.first else { break }
            let org = reader.counters[first].orgID
            let hash = self.loop.keyspace.meters(org: org, epoch: UsageEpoch(reader.journal.id))
            if self.send(call, of: reader, hash, slot: self.loop.keyspace.slot(ofOrg: org)) { hashes.append(hash) }
        }
        if !hashes.isEmpty { self.loop.settler.markDirty(hashes) }
    }

    /// Returns whether the call is on its way.
    private func send(_ call: UsageBacklog.Call, of reader: JournalReader, _ hash: String, slot: Int) -> Bool {
        let counters = call.counters.map { index in
            let counter = reader.counters[index]
            return UsageCounters.Counter(
                field: UsageField(
                    environment: counter.environment, keyID: counter.keyID, meter: counter.meter, hour: counter.hour),
                value: reader.totals[index])
        }
        let waiter = ReportWaiter(self, call) { ReportCommand.append(counters, meterHash: hash, into: &$0) }
        self.loop.counters.systemReads += 1
        guard self.loop.link.send(waiter, slot: slot, encode: waiter.encode) == nil else {
            self.backlog.ended(call, isConfirmed: false)
            return false
        }
        return true
    }

    fileprivate func ended(_ call: UsageBacklog.Call, isConfirmed: Bool) {
        self.backlog.ended(call, isConfirmed: isConfirmed)
        // After a failure the next report tries again.
        guard isConfirmed, self.backlog.wantsMore || call.isRetry else { return }
        self.sendNext(retries: call.isRetry)
    }

    /// Has what changed written to the disk, off the loop.
    private func flush() {
        guard !self.isFlushing, let journal = self.reader?.journal, journal.path != nil else { return }
        self.isFlushing = true
        let bound = NIOLoopBound(self, eventLoop: self.loop.eventLoop)
        NIOThreadPool.singleton.submit { _ in
            journal.flush()
            bound.eventLoop.execute { bound.value.isFlushing = false }
        }
    }
}

/// One report on its way.
private final class ReportWaiter: RedisWaiter {
    let encode: (inout ByteBuffer) -> Void
    private let reporter: UsageReporter
    private let call: UsageBacklog.Call

    init(_ reporter: UsageReporter, _ call: UsageBacklog.Call, encode: @escaping (inout ByteBuffer) -> Void) {
        self.reporter = reporter
        self.call = call
        self.encode = encode
        super.init()
    }

    override func redisReplied(_ reply: borrowing RedisReply) { self.reporter.ended(self.call, isConfirmed: true) }

    override func redisFailed(_ failure: RedisFailure) { self.reporter.ended(self.call, isConfirmed: false) }

    override func redisResend(into output: inout ByteBuffer) -> Bool {
        self.encode(&output)
        return true
    }
}
