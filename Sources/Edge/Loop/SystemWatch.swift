import Domain
import HTTPWire
import HotStore
import NIOCore
import RedisClient

/// What this loop knows of the system's record: read from Redis a few times a second, because it concerns requests that
/// no admission sees. What was known last stays while Redis is away or does not know it yet.
final class SystemWatch: RedisWaiter {
    /// The loop keeps a copy of its own, which every request looks at.
    private(set) var isInMaintenance = false {
        didSet { self.loop.isInMaintenance = self.isInMaintenance }
    }
    private var allowed: [CIDRBlock] = []
    private var untilMs = 0
    private var isAsking = false
    private unowned let loop: EdgeLoop

    init(loop: EdgeLoop) {
        self.loop = loop
        super.init()
    }

    /// Whether requests from this address are let through.
    func admits(_ address: IPAddress) -> Bool {
        !self.isInMaintenance || self.allowed.contains { $0.contains(address) }
    }

    /// How long until maintenance is expected to be over; 0 where nobody has said, or where it should be over already.
    func waitMs(wallMs: Int) -> Int { max(0, self.untilMs - wallMs) }

    /// Asks again, unless an answer is due.
    func look() {
        guard !self.isAsking, self.loop.link.reachesAny else { return }
        self.isAsking = true
        let keyspace = self.loop.keyspace
        let refused = self.loop.link.send(self, slot: RedisSlot.of(keyspace.system)) {
            RecordReads.appendSystem(keyspace, into: &$0)
        }
        if refused != nil {
            self.isAsking = false
        } else {
            self.loop.counters.systemReads += 1
        }
    }

    override func redisReplied(_ reply: borrowing RedisReply) {
        self.isAsking = false
        guard let system = SystemRecordCodec.system(PrincipalRecordCodec.fields(reply)) else { return }
        self.isInMaintenance = system.isInMaintenance
        self.allowed = system.maintenanceAllowed.compactMap { CIDRBlock($0) }
        self.untilMs = system.maintenanceUntilMs
    }

    override func redisFailed(_ failure: RedisFailure) { self.isAsking = false }

    override func redisResend(into output: inout ByteBuffer) -> Bool {
        RecordReads.appendSystem(self.loop.keyspace, into: &output)
        return true
    }
}
