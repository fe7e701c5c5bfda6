/// Where a job stands. `queued` and `running` may alternate while attempts are left; the others are final.
enum JobStatus: String, Sendable, Hashable, CaseIterable {
    case queued, running, succeeded, failed, cancelled

    /// Whether nothing happens to the job any more.
    var isFinal: Bool {
        switch self {
        case .queued, .running: false
        case .succeeded, .failed, .cancelled: true
        }
    }
}
