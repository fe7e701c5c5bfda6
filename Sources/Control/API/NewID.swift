import Digests
import Domain
import Glibc

/// Ids of new records, dated by this machine's clock.
enum NewID {
    static func make(_ prefix: String) -> String {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return RecordID.make(prefix: prefix, nowMs: Int(now.tv_sec) * 1_000 + Int(now.tv_nsec) / 1_000_000) {
            SecureRandom.byte()
        }
    }
}
