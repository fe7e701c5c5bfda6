import Domain
import Glibc

/// New ids, dated by this machine's clock.
enum FreshID {
    static func make(_ prefix: String) -> String {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        let nowMs = Int(now.tv_sec) * 1_000 + now.tv_nsec / 1_000_000
        return Domain.RecordID.make(prefix: prefix, nowMs: nowMs) { UInt8.random(in: .min ... .max) }
    }
}
