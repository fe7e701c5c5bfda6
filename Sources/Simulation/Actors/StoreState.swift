import Domain

/// What the store remembers. A value, so that an fsync is a copy.
struct StoreState {
    var model = AdmissionModel()
    /// By journal.
    var hashes: [String: [Meter: Int]] = [:]
    var dirty: Set<String> = []
    var records: [String: OrganisationRecord] = [:]
    var shares = ShareLedger()

    /// As lua/scripts/report.lua: a counter never goes back.
    mutating func report(_ journal: String, _ counters: [Meter: Int]) {
        for (meter, value) in counters {
            self.hashes[journal, default: [:]][meter] = max(value, self.hashes[journal]?[meter] ?? 0)
        }
        self.dirty.insert(journal)
    }

    /// As lua/scripts/publish_org.lua: an older version changes nothing, and the word of a stored tag is kept.
    mutating func publish(_ organisation: String, _ record: OrganisationRecord, word: Int) {
        var word = String(word)
        if let stored = self.records[organisation] {
            guard stored.version <= record.version else { return }
            if let tag = self.model.versions[organisation] { word = String(tag.drop { $0 != ":" }.dropFirst()) }
        }
        self.records[organisation] = record
        self.model.versions[organisation] = "\(record.version):\(word)"
    }
}
