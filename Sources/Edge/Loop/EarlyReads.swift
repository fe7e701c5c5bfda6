import NIOCore

/// One loop's reads of bytes that have come while it was busy: the answers of upstreams that it has just asked, the next
/// requests of clients that it has just answered.
///
/// A loop asks its sockets what there is, works it off, and asks again. Under load that takes long enough for most of
/// those at the other end to have done their part, in the order in which they were written to. What they have sent is read
/// at the end of the turn, straight from the sockets, and does not have to be asked for, told of and read by way of
/// SwiftNIO. A read that finds nothing is a system call for nothing, so the first one ends the run: those behind it were
/// written to later. Where runs find too little they are hardly tried (``EarlyReadPolicy``).
///
/// Whatever is not read here is read by SwiftNIO as ever: the end of a stream and errors too.
final class EarlyReads {
    private let eventLoop: any EventLoop
    private var upstreams: [SocketHandler] = []
    private var clients: [SocketHandler] = []
    private var upstreamPolicy = EarlyReadPolicy()
    private var clientPolicy = EarlyReadPolicy()
    private var buffer = ByteBuffer()
    private var isScheduled = false
    private var runsLeft = EarlyReads.runsMax
    /// Reads that found something.
    private(set) var hits: UInt64 = 0

    /// Runs until SwiftNIO must have had a turn: a run can lead to the next one, and other sockets, Redis's too, wait
    /// meanwhile.
    private static let runsMax = 4
    /// A head with a small body; the rest of more is SwiftNIO's.
    private static let bytesMax = 2_048

    init(eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    /// A request has been sent.
    func expectAnswer(on upstream: UpstreamConnection) {
        guard self.runsLeft > 0, self.upstreamPolicy.isWorthTrying() else { return }
        upstream.expectsBytes = true
        self.upstreams.append(upstream)
        self.schedule()
    }

    /// An answer has been sent whole, and nothing of the next request is there.
    func expectRequest(from client: DownstreamHandler) {
        guard self.runsLeft > 0, self.clientPolicy.isWorthTrying() else { return }
        client.expectsBytes = true
        self.clients.append(client)
        self.schedule()
    }

    /// SwiftNIO has looked at the sockets.
    func socketsLookedAt() { self.runsLeft = Self.runsMax }

    private func schedule() {
        guard !self.isScheduled else { return }
        self.isScheduled = true
        self.eventLoop.assumeIsolated().execute { self.run() }
    }

    private func run() {
        self.isScheduled = false
        self.runsLeft -= 1
        // Clients first: those that are answered in this run have had no time yet. Lists are taken out while they are
        // read from, for what is read may put somebody on one.
        var handlers: [SocketHandler] = []
        swap(&handlers, &self.clients)
        self.clientPolicy.ended(hits: self.read(&handlers))
        if self.clients.isEmpty { swap(&handlers, &self.clients) }
        var upstreams: [SocketHandler] = []
        swap(&upstreams, &self.upstreams)
        self.upstreamPolicy.ended(hits: self.read(&upstreams))
        if self.upstreams.isEmpty { swap(&upstreams, &self.upstreams) }
    }

    /// Reads from one after the other until one has nothing. Returns how many had something, nil where nobody was asked.
    private func read(_ handlers: inout [SocketHandler]) -> Int? {
        var buffer = ByteBuffer()
        swap(&buffer, &self.buffer)
        var hits: Int?
        for index in handlers.indices where handlers[index].expectsBytes {
            guard let isHit = handlers[index].readEarly(into: &buffer, bytesMax: Self.bytesMax) else { continue }
            hits = (hits ?? 0) + (isHit ? 1 : 0)
            if !isHit { break }
        }
        self.hits &+= UInt64(hits ?? 0)
        swap(&buffer, &self.buffer)
        handlers.removeAll(keepingCapacity: true)
        return hits
    }
}

/// Whether early reads pay: one that finds something saves about four times what one costs that finds nothing.
struct EarlyReadPolicy {
    private var credit = 16
    private var passedOver = 0

    private static let creditMax = 64
    private static let worthOfHit = 4
    /// After so many chances passed over, one is taken.
    private static let probeEvery = 256

    /// Whether to take the chance that there is now.
    mutating func isWorthTrying() -> Bool {
        if self.credit > 0 { return true }
        self.passedOver += 1
        guard self.passedOver >= Self.probeEvery else { return false }
        self.passedOver = 0
        self.credit = 1
        return true
    }

    /// A run is over, in which so many reads found something; nil where nobody was asked.
    mutating func ended(hits: Int?) {
        guard let hits else { return }
        self.credit = min(max(0, self.credit + hits * Self.worthOfHit - 1), Self.creditMax)
    }
}
