/// Finds the content in the bytes that follow a head. A pure machine: it keeps no bytes and copies none.
///
/// Call `next` until it answers `needsMore`, `finished` or `failed`; each call moves `offset` past what it dealt with.
/// Bytes from `offset` on that a `needsMore` leaves (only ever a trailer section that is still incomplete, and bounded)
/// must be offered again at the start of the next bytes.
public struct BodyDecoder: ~Copyable, Sendable {
    private enum State: Sendable {
        case length(left: Int)
        case chunk(ChunkLine)
        case chunkData(left: Int)
        case chunkEnd(ChunkEnd)
        case trailers(FieldSectionParser)
        case untilClose
        case finished
        case failed(WireError)
    }
    private enum ChunkEnd: Sendable { case carriageReturn, lineFeed }

    private var state = State.finished
    private var extensionBytes = 0
    private let limits: BodyLimits
    /// The trailer fields, complete once `next` has answered `finished`.
    public private(set) var trailers = FieldSection()

    /// A decoder with no body to read; see `begin`.
    public init(limits: BodyLimits = BodyLimits()) { self.limits = limits }

    /// Starts on the body of the next message.
    public mutating func begin(_ framing: BodyFraming) {
        self.extensionBytes = 0
        self.trailers.reset()
        self.state =
            switch framing {
            case .none, .length(0): .finished
            case .length(let count): .length(left: count)
            case .chunked: .chunk(ChunkLine())
            case .untilClose: .untilClose
            }
    }

    /// Whether the body is over. True right after the last byte of a body of known length, before `next` says so.
    public var isFinished: Bool {
        if case .finished = self.state { return true }
        return false
    }

    /// Bytes of content still to come, if the framing tells.
    public var bytesLeft: Int? {
        switch self.state {
        case .length(let left): left
        case .finished: 0
        default: nil
        }
    }

    /// What the bytes from `offset` on are.
    public mutating func next(_ bytes: Span<UInt8>, at offset: inout Int) -> BodyStep {
        while true {
            switch self.state {
            case .finished: return .finished
            case .failed(let error): return .failed(error)
            case .untilClose:
                guard offset < bytes.count else { return .needsMore }
                return self.run(bytes.count &- offset, &offset)
            case .length(let left):
                guard offset < bytes.count else { return .needsMore }
                let count = min(left, bytes.count &- offset)
                self.state = count == left ? .finished : .length(left: left &- count)
                return self.run(count, &offset)
            case .chunkData(let left):
                guard offset < bytes.count else { return .needsMore }
                let count = min(left, bytes.count &- offset)
                self.state = count == left ? .chunkEnd(.carriageReturn) : .chunkData(left: left &- count)
                return self.run(count, &offset)
            case .chunkEnd, .chunk, .trailers:
                if let step = self.framingStep(bytes, &offset) { return step }
            }
        }
    }

    /// The connection has ended: whether the body ended before it.
    public mutating func connectionEnded() -> BodyStep {
        switch self.state {
        case .untilClose, .finished:
            self.state = .finished
            return .finished
        case .failed(let error): return .failed(error)
        default: return self.fail(.bodyTruncated)
        }
    }

    // MARK: The chunked coding

    /// Bytes between runs of data. Nil means: look at the new state.
    private mutating func framingStep(_ bytes: Span<UInt8>, _ offset: inout Int) -> BodyStep? {
        switch self.state {
        case .chunkEnd(let part): return self.chunkEnd(part, bytes, &offset)
        case .chunk(let line): return self.chunkLine(line, bytes, &offset)
        case .trailers(let parser): return self.trailerSection(parser, bytes, offset: &offset)
        default: return nil
        }
    }

    private mutating func chunkLine(
        _ line: ChunkLine, _ bytes: Span<UInt8>, _ offset: inout Int
    ) -> BodyStep? {
        var line = line
        switch line.parse(bytes, &offset, &self.extensionBytes, extensionBytesMax: self.limits.extensionBytesMax) {
        case .incomplete:
            self.state = .chunk(line)
            return .needsMore
        case .size(0):
            self.state = .trailers(FieldSectionParser())
            return nil
        case .size(let size):
            self.state = .chunkData(left: size)
            return nil
        case .failed(let error):
            return self.fail(error)
        }
    }

    private mutating func chunkEnd(_ part: ChunkEnd, _ bytes: Span<UInt8>, _ offset: inout Int) -> BodyStep? {
        guard offset < bytes.count else { return .needsMore }
        let byte = bytes[offset]
        offset &+= 1
        switch part {
        case .carriageReturn:
            guard byte == Byte.carriageReturn else { return self.fail(.chunkNotTerminated) }
            self.state = .chunkEnd(.lineFeed)
        case .lineFeed:
            guard byte == Byte.lineFeed else { return self.fail(.chunkNotTerminated) }
            self.state = .chunk(ChunkLine())
        }
        return nil
    }

    /// The section is read in place, so `offset` stays at its beginning until all of it has arrived.
    private mutating func trailerSection(
        _ parser: FieldSectionParser, _ bytes: Span<UInt8>, offset: inout Int
    ) -> BodyStep? {
        var parser = parser
        let section = bytes.extracting(offset..<bytes.count)
        switch parser.parse(section, limits: self.limits.trailers, into: &self.trailers) {
        case .incomplete:
            self.state = .trailers(parser)
            return .needsMore
        case .complete(let byteCount):
            guard self.trailers.present.intersection(.refusedInTrailers).isEmpty else {
                return self.fail(.trailerFieldRefused)
            }
            self.trailers.shift(by: offset)
            offset &+= byteCount
            self.state = .finished
            return .finished
        case .failed(let error):
            return self.fail(error)
        }
    }

    private mutating func fail(_ error: WireError) -> BodyStep {
        self.state = .failed(error)
        return .failed(error)
    }

    @inline(__always) private func run(_ count: Int, _ offset: inout Int) -> BodyStep {
        let start = offset
        offset &+= count
        return .data(ByteRange(start, offset))
    }
}
