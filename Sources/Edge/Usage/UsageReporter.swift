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
    private var unreported: Set<Int> = []
    private var callsUnderWay = 0
    private var isFlushing = false
    private var epoch = 0
    private var ticks = 0

    /// Ticks of the loop between two reports; between two writes to the disk.
    private static let reportTicks = 5
    private static let flushTicks = 20

    init(loop: EdgeLoop) {
        self.loop = loop
    }

    /// Counters that Redis has not confirmed.
    var waiting: Int { self.unreported.count + self.callsUnderWay }
    /// What the journal knows of requests.
    var balance: JournalBalance { self.reader?.balance ?? JournalBalance() }

    /// Reports another journal from now on; the last values of the one before are recorded by whoever takes it over.
    func follow(_ journal: JournalFile) {
        self.reader = JournalReader(journal)
        self.unreported = []
        self.epoch += 1
    }

    /// Another Redis than before may know nothing: it is told everything.
    func redisChanged() {
        guard let reader else { return }
        self.unreported = Set(reader.counters.indices)
    }

    /// Called by the loop's tick.
    func tick() {
        self.ticks += 1
        if self.ticks.isMultiple(of: Self.flushTicks) { self.flush() }
        if self.ticks.isMultiple(of: Self.reportTicks) { self.report() }
    }

    /// Reads what was counted since the last time, and tells Redis, unless it is still busy with the last report.
    func report() {
        guard self.reader != nil else { return }
        for reading in self.reader?.poll() ?? [] { self.unreported.insert(reading.index) }
        guard !self.unreported.isEmpty, self.callsUnderWay == 0, self.loop.link.reachesAny, let reader else { return }
        var byOrg: [String: [Int]] = [:]
        for index in self.unreported { byOrg[reader.counters[index].orgID, default: []].append(index) }
        self.unreported = []
        var hashes: Set<String> = []
        for (org, indices) in byOrg {
            let hash = self.loop.keyspace.meters(org: org, epoch: UsageEpoch(reader.journal.id))
            hashes.insert(hash)
            for start in stride(from: 0, to: indices.count, by: ReportCommand.countersMax) {
                let some = Array(indices[start..<min(start + ReportCommand.countersMax, indices.count)])
                self.send(some, of: reader, hash, slot: self.loop.keyspace.slot(ofOrg: org))
            }
        }
        self.loop.settler.markDirty(hashes)
    }

    private func send(_ indices: [Int], of reader: JournalReader, _ hash: String, slot: Int) {
        let waiter = ReportWaiter(self, indices, epoch: self.epoch) { output in
            let counters = indices.map { index in
                let counter = reader.counters[index]
                return UsageCounters.Counter(
                    field: UsageField(
                        environment: counter.environment, keyID: counter.keyID, meter: counter.meter,
                        hour: counter.hour), value: reader.totals[index])
            }
            ReportCommand.append(counters, meterHash: hash, into: &output)
        }
        self.callsUnderWay += 1
        self.loop.counters.systemReads += 1
        if self.loop.link.send(waiter, slot: slot, encode: waiter.encode) != nil {
            self.ended(waiter, isConfirmed: false)
        }
    }

    fileprivate func ended(_ waiter: ReportWaiter, isConfirmed: Bool) {
        self.callsUnderWay -= 1
        // Places of an earlier journal mean nothing in this one.
        if !isConfirmed, waiter.epoch == self.epoch { self.unreported.formUnion(waiter.indices) }
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
    let indices: [Int]
    let epoch: Int
    let encode: (inout ByteBuffer) -> Void
    private let reporter: UsageReporter

    init(_ reporter: UsageReporter, _ indices: [Int], epoch: Int, encode: @escaping (inout ByteBuffer) -> Void) {
        self.reporter = reporter
        self.indices = indices
        self.epoch = epoch
        self.encode = encode
        super.init()
    }

    override func redisReplied(_ reply: borrowing RedisReply) { self.reporter.ended(self, isConfirmed: true) }

    override func redisFailed(_ failure: RedisFailure) { self.reporter.ended(self, isConfirmed: false) }

    override func redisResend(into output: inout ByteBuffer) -> Bool {
        self.encode(&output)
        return true
    }
}
