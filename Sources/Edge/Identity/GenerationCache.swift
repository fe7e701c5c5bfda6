/// A bounded cache without per-entry bookkeeping: two generations, where a hit in the old one moves to the young one
/// and a full young one becomes the old. Holds at most `capacity` entries; what was not asked for during the last
/// half of them is forgotten first.
struct GenerationCache<Key: Hashable, Value> {
    private var young: [Key: Value] = [:]
    private var old: [Key: Value] = [:]
    private let halfCapacity: Int

    init(capacity: Int) {
        self.halfCapacity = max(1, capacity / 2)
    }

    var count: Int { self.young.count + self.old.count }

    mutating func find(_ key: Key) -> Value? {
        if let value = self.young[key] { return value }
        guard let value = self.old.removeValue(forKey: key) else { return nil }
        self.insert(value, for: key)
        return value
    }

    mutating func insert(_ value: Value, for key: Key) {
        if self.young.count >= self.halfCapacity {
            self.old = self.young
            self.young = [:]
        } else {
            self.old.removeValue(forKey: key)
        }
        self.young[key] = value
    }

    mutating func remove(_ key: Key) {
        self.young.removeValue(forKey: key)
        self.old.removeValue(forKey: key)
    }

    mutating func removeAll() {
        self.young = [:]
        self.old = [:]
    }
}
