import Domain

/// The state of a group of buckets as the scripts pack it (`lua/scripts/group.lua`).
struct PackedBuckets {
    private struct Entry {
        let id: Double
        let unit: Double
        let level: Double
        let sinceMs: Double
    }

    private let expiryMs: Double
    private let entries: [Entry]

    /// nil for what is no such state.
    init?(_ bytes: [UInt8]) {
        let numbers = stride(from: 0, to: bytes.count - bytes.count % 8, by: 8).map { start in
            Double(bitPattern: (0..<8).reduce(UInt64(0)) { $0 | UInt64(bytes[start + $1]) << (8 * UInt64($1)) })
        }
        guard numbers.count >= 3, numbers.allSatisfy(\.isFinite), numbers[0] >= 0 else { return nil }
        let size = Int(numbers[0].truncatingRemainder(dividingBy: 64))
        guard numbers.count >= 3 + 3 * size else { return nil }
        self.expiryMs = numbers[2]
        var entries = (0..<size).map { index in
            Entry(
                id: numbers[3 + size + 2 * index], unit: numbers[4 + size + 2 * index], level: numbers[3 + index],
                sinceMs: numbers[1])
        }
        for start in stride(from: 3 + 3 * size, to: numbers.count - 3, by: 4) {
            entries.append(
                Entry(
                    id: numbers[start], unit: numbers[start + 1], level: numbers[start + 2],
                    sinceMs: numbers[start + 3]))
        }
        self.entries = entries
    }

    /// The level of a bucket now, in its sub-units; full where nothing is known of it.
    func level(of rule: BucketRule, nowMs: Int) -> Int {
        guard Double(nowMs) < self.expiryMs, let entry = self.entries.first(where: { $0.id == Double(rule.id) }),
            entry.unit >= 1, let since = Int(exactly: entry.sinceMs)
        else { return rule.full }
        let level =
            entry.unit == Double(rule.unitsPerToken)
            ? entry.level : (entry.level / entry.unit).rounded(.down) * Double(rule.unitsPerToken)
        return rule.refilled(Int(min(level, Double(rule.full))), sinceMs: since, nowMs: nowMs)
    }
}
