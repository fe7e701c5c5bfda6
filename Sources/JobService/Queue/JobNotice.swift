/// What is told over `NOTIFY`: `kind:id`.
struct JobNotice: Sendable, Hashable {
    enum Kind: String, Sendable {
        /// A job may be claimed, now or at its time.
        case queued
        /// A job changed in a way that its watchers can see.
        case changed
        /// Whoever runs the job should stop.
        case cancel
    }

    static let channel = "tollgate_jobs"

    var kind: Kind
    var id: JobID

    init(kind: Kind, id: JobID) {
        self.kind = kind
        self.id = id
    }

    /// Reads a payload; nil for one that a newer service may have sent.
    init?(payload: String) {
        let parts = payload.split(separator: ":", maxSplits: 1)
        guard parts.count == 2, let kind = Kind(rawValue: String(parts[0])) else { return nil }
        self.init(kind: kind, id: JobID(stored: String(parts[1])))
    }
}
