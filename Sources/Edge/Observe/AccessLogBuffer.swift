import NIOCore

/// What one finished request leaves for its access log line, besides the bytes of its head.
struct AccessFacts {
    var wallMs = 0
    var durationNs = 0
    var upstreamDurationNs = 0
    var status = 0
    var requestBytes = 0
    var responseBytes = 0
    var route: Int16 = -1
    var problem: Int16 = -1
    var attempts: UInt8 = 0
    var decision = Decision.none
    var cost = 0

    /// How the admission went, in the words of the access log.
    enum Decision: UInt8, CaseIterable {
        case none, admitted, limited, quota, concurrency, replay, inProgress, mismatch, unavailable, local

        var label: String {
            switch self {
            case .none: "none"
            case .admitted: "admitted"
            case .limited: "limited"
            case .quota: "quota"
            case .concurrency: "concurrency"
            case .replay: "replay"
            case .inProgress: "in_progress"
            case .mismatch: "mismatch"
            case .unavailable: "unavailable"
            case .local: "local"
            }
        }
    }
}

/// The access log of one loop on its way to the writer: records of fixed numbers and raw bytes, copied in on the loop
/// in a fraction of a microsecond and made into text elsewhere. Bounded: a record that does not fit is dropped and
/// counted.
struct AccessLogBuffer {
    private(set) var bytes: ByteBuffer
    private let bytesMax: Int

    init(bytesMax: Int) {
        self.bytes = ByteBuffer()
        self.bytesMax = bytesMax
    }

    var isEmpty: Bool { self.bytes.readableBytes == 0 }

    /// Appends one record. `texts` is a run of length-prefixed byte strings in the order of `AccessRecord.Text`.
    /// Returns false when it was dropped.
    mutating func append(_ facts: AccessFacts, texts: ByteBuffer) -> Bool {
        guard self.bytes.readableBytes + texts.readableBytes + 80 <= self.bytesMax else { return false }
        self.bytes.writeMultipleIntegers(
            UInt32(texts.readableBytes), Int64(facts.wallMs), Int64(facts.durationNs), Int64(facts.upstreamDurationNs),
            UInt16(truncatingIfNeeded: facts.status), Int64(facts.requestBytes), Int64(facts.responseBytes))
        self.bytes.writeMultipleIntegers(
            facts.route, facts.problem, facts.attempts, facts.decision.rawValue, Int64(facts.cost))
        _ = self.bytes.writeImmutableBuffer(texts)
        return true
    }

    /// Hands everything over, keeping nothing.
    mutating func take() -> ByteBuffer {
        defer { self.bytes = ByteBuffer() }
        return self.bytes
    }
}
