import Domain
import HotStore
import NIOCore
import RedisClient

final class Settler {
    private let loop: EdgeLoop
    init(loop: EdgeLoop) { self.loop = loop }
    func markDirty(_ orgs: Set<String>) {}
    func heartbeat(nowMs: Int, exchanges: [Exchange]) {}
}
