import Foundation
import Histogram
import LoadModel

/// One line on the terminal, every half second.
struct Progress: Sendable {
    let total: UInt64
    let engines: [EngineHandle]

    func show() async {
        let began = ContinuousClock.now
        while !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(500))
            guard !Task.isCancelled else { break }
            var tally = Tally()
            for engine in engines {
                guard let part = try? await engine.result() else { return }
                tally.add(part.tally)
            }
            let elapsed = ContinuousClock.now - began
            let seconds = Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) / 1e18
            write("\r\u{1B}[K" + Self.line(tally, seconds: seconds, total: Double(total) / 1e9))
        }
        write("\r\u{1B}[K")
    }

    static func line(_ tally: Tally, seconds: Double, total: Double) -> String {
        let done = min(1, seconds / max(total, 0.001))
        let bar = String(repeating: "█", count: Int(done * 20)) + String(repeating: "░", count: 20 - Int(done * 20))
        // The last second that is complete.
        let last = tally.seconds.dropLast().last
        let rate = last.map { $0.admitted + $0.limited + $0.failed } ?? 0
        let p99 = last.map { Double($0.latency.valueAtPercentile(99)) / 1000 } ?? 0
        return
            "\(bar) \(Units.fixed(seconds, 0))/\(Units.fixed(total, 0)) s  \(rate)/s  p99 \(Units.fixed(p99, 1)) ms  "
            + "admitted \(tally.admitted)  limited \(tally.limited)  "
            + "failed \(tally.unexpected + tally.broken + tally.timeouts)"
    }

    private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}
