import LoadModel
import NIOCore
import NIOPosix

/// The load of one thread: its share of the rate and of the connections, all on one event loop.
///
/// An open loop's requests become due by the clock alone. One that finds no free connection waits in `backlog`, and its
/// latency goes on counting.
final class Engine {
    private let scenario: Scenario
    private let target: Target
    private let bytes: RequestBytes
    private let loop: any EventLoop
    private let startNs: UInt64
    private let kindChoice: WeightedChoice
    private let keyChoice: WeightedChoice
    private let keyCount: Int
    private let runWord: String

    private var arrivals: Arrivals?
    private var nextDueNs: UInt64?
    private var randomness: Randomness
    private var backlog = CircularBuffer<UInt64>()
    private var free: [Connection] = []
    private var all: [Connection] = []
    private var timer: Scheduled<Void>?
    private var inFlight = 0
    private var inFlightByKey: [Int]
    private var serial: Int
    private let serialStride: Int
    private var isOver = false
    private var whenIdle: EventLoopPromise<Void>

    private(set) var tally = Tally()
    private(set) var buckets: BucketBook
    private(set) var replays = ReplayBook()

    init(
        scenario: Scenario, target: Target, bytes: RequestBytes, keys: Int, thread: Int, seed: UInt64,
        startNs: UInt64, buckets: BucketBook, loop: any EventLoop
    ) {
        self.scenario = scenario
        self.target = target
        self.bytes = bytes
        self.loop = loop
        self.startNs = startNs
        self.buckets = buckets
        kindChoice = WeightedChoice(weights: scenario.requests.map(\.weight))
        keyChoice = WeightedChoice(scenario.keys, keys: keys)
        keyCount = keys
        runWord = "load-\(startNs)-\(seed)-\(thread)"
        randomness = Randomness(seed: seed &* 1000 &+ UInt64(thread))
        inFlightByKey = Array(repeating: 0, count: keys)
        serial = thread
        serialStride = scenario.load.threads
        whenIdle = loop.makePromise()
        if case .open(_, let isRandom) = scenario.load.loop {
            arrivals = Arrivals(
                stages: scenario.load.stages, isRandom: isRandom, thread: thread, threads: scenario.load.threads,
                seed: seed)
            nextDueNs = arrivals?.next()
        }
    }

    private var nowNs: UInt64 {
        let now = NIODeadline.now().uptimeNanoseconds
        return now - min(startNs, now)
    }

    // MARK: Connections

    /// Opens this thread's connections; the future succeeds when all of them are there.
    func connect(_ count: Int) -> EventLoopFuture<Void> {
        for number in 0..<count { all.append(Connection(number: number, engine: self)) }
        return EventLoopFuture.andAllSucceed(all.map { open($0) }, on: loop)
    }

    private func open(_ connection: Connection) -> EventLoopFuture<Void> {
        let bound = NIOLoopBound(connection, eventLoop: loop)
        return ClientBootstrap(group: loop)
            .channelOption(ChannelOptions.socketOption(.tcp_nodelay), value: 1)
            .channelOption(ChannelOptions.maxMessagesPerRead, value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(bound.value)
                }
            }
            .connect(host: target.host, port: target.port).map { _ in }
    }

    func isReady(_ connection: Connection) {
        if case .closed(_, let thinkNs) = scenario.load.loop, !isOver, hasBegun {
            guard thinkNs > 0 else { return startNext(on: connection, dueNs: nowNs) }
            let bound = NIOLoopBound((self, connection), eventLoop: loop)
            loop.scheduleTask(in: .nanoseconds(Int64(thinkNs))) {
                let (engine, connection) = bound.value
                if !engine.isOver, connection.channel != nil { engine.startNext(on: connection, dueNs: engine.nowNs) }
            }
            return
        }
        if let due = backlog.popFirst() {
            startNext(on: connection, dueNs: due)
        } else {
            free.append(connection)
        }
    }

    func closed(_ connection: Connection) {
        free.removeAll { $0 === connection }
        guard !isOver, hasBegun else { return }
        let bound = NIOLoopBound((self, connection), eventLoop: loop)
        loop.scheduleTask(in: .milliseconds(10)) {
            let (engine, connection) = bound.value
            guard !engine.isOver else { return }
            engine.open(connection).whenFailure { _ in bound.value.0.closed(bound.value.1) }
        }
    }

    // MARK: Time

    private var hasBegun = false

    /// Begins; the future succeeds when the last answer is there or given up.
    func begin() -> EventLoopFuture<Void> {
        hasBegun = true
        let total = scenario.load.totalNs
        let bound = NIOLoopBound(self, eventLoop: loop)
        let at = NIODeadline.uptimeNanoseconds(startNs)
        loop.scheduleTask(deadline: at) {
            let engine = bound.value
            if engine.arrivals != nil {
                engine.pump()
            } else {
                let waiting = engine.free
                engine.free.removeAll()
                for connection in waiting { engine.startNext(on: connection, dueNs: engine.nowNs) }
            }
        }
        loop.scheduleTask(deadline: at + .nanoseconds(Int64(total))) { bound.value.end() }
        return whenIdle.futureResult
    }

    /// Starts what is due, and sleeps until the next.
    private func pump() {
        let now = nowNs
        while let due = nextDueNs, due <= now {
            note(due: due)
            backlog.append(due)
            nextDueNs = arrivals?.next()
        }
        while !backlog.isEmpty, let connection = free.popLast(), let due = backlog.popFirst() {
            startNext(on: connection, dueNs: due)
        }
        guard let due = nextDueNs, !isOver else { return }
        let bound = NIOLoopBound(self, eventLoop: loop)
        timer = loop.scheduleTask(deadline: .uptimeNanoseconds(startNs + due)) { bound.value.pump() }
    }

    private func note(due: UInt64) {
        if due >= scenario.load.warmUpNs { tally.wasDue(second: second(of: due)) }
    }

    private func second(of ns: UInt64) -> Int { Int((ns - min(scenario.load.warmUpNs, ns)) / 1_000_000_000) }

    private func end() {
        isOver = true
        timer?.cancel()
        tally.unsent += backlog.count
        backlog.removeAll()
        guard inFlight > 0 else { return finish() }
        let bound = NIOLoopBound(self, eventLoop: loop)
        loop.scheduleTask(in: .seconds(10)) {
            let engine = bound.value
            for connection in engine.all where connection.sending != nil { connection.abandon() }
        }
    }

    private func finish() {
        for connection in all { connection.abandon() }
        whenIdle.succeed(())
    }

    // MARK: Requests

    private func startNext(on connection: Connection, dueNs: UInt64) {
        let kind = kindChoice.draw(&randomness)
        let request = scenario.requests[kind]
        var group: ReplayBook.Group?
        let key: Int
        let number: Int
        if request.repetitions > 1 {
            let chosen =
                replays.takeDue(kind: kind)
                ?? replays.begin(
                    kind: kind, key: keyChoice.draw(&randomness), serial: nextSerial(),
                    repetitions: request.repetitions)
            (group, key, number) = (chosen, chosen.key, chosen.serial)
        } else {
            key = keyChoice.draw(&randomness)
            number = 0
        }
        let buffer: ByteBuffer
        if let constant = bytes.constant(kind: kind, key: key) {
            buffer = ByteBuffer(bytes: constant)
        } else {
            buffer = ByteBuffer(
                string: bytes.made(
                    kind: kind, key: key, serial: group == nil ? nextSerial() : number,
                    idempotencyKey: group.map { "\(runWord)-\($0.number)" }))
        }
        let now = nowNs
        let sending = Sending(
            kind: kind, key: key, dueNs: dueNs, sentNs: now, group: group,
            isMeasured: dueNs >= scenario.load.warmUpNs)
        inFlight += 1
        inFlightByKey[key] += 1
        tally.sentInAll += 1
        if sending.isMeasured { tally.sent += 1 }
        if arrivals == nil, sending.isMeasured { note(due: dueNs) }
        connection.send(sending, buffer, isHead: request.method == "HEAD")
    }

    private func nextSerial() -> Int {
        serial += serialStride
        return serial
    }

    func answered(_ sending: Sending, _ response: ResponseReader.Response) {
        let now = nowNs
        leave(sending)
        let isConflict = sending.group != nil && response.status == 409
        let isExpected = isConflict || scenario.statuses.contains(response.status)
        let isLimited = response.status == 429
        let outcome: Tally.Outcome = isLimited ? .limited : isExpected ? .admitted : .unexpected
        let isReplay = sending.group != nil && response.isReplay
        if isLimited || isExpected, !isConflict {
            buckets.saw(
                key: sending.key, isAdmitted: !isLimited, isReplay: isReplay, sentNs: sending.sentNs,
                answeredNs: now, inFlight: inFlightFor(sending.key))
        }
        if response.status < 400, !isReplay { tally.servedInAll += 1 }
        if let group = sending.group {
            replays.answered(
                group, status: response.status, hash: response.bodyHash, isReplay: response.isReplay,
                isDecided: !isLimited && isExpected)
        }
        if sending.isMeasured {
            let warmUp = scenario.load.warmUpNs
            tally.statuses[response.status, default: 0] += 1
            tally.bytes += response.bodyBytes
            if scenario.requests[sending.kind].isEventStream {
                tally.eventStreams += 1
                tally.events += response.events
            }
            tally.answered(
                outcome, dueNs: sending.dueNs - warmUp, sentNs: sending.sentNs - min(warmUp, sending.sentNs),
                nowNs: now - min(warmUp, now))
        }
        settle()
    }

    private func inFlightFor(_ key: Int) -> Int {
        // A bucket that all keys share is held against all requests on their way.
        scenario.limits.contains { $0.scope == .all } ? inFlight : inFlightByKey[key]
    }

    func broke(_ sending: Sending) {
        leave(sending)
        if sending.isMeasured {
            if isOver { tally.timeouts += 1 } else { tally.broken += 1 }
            tally.failed(second: second(of: nowNs))
        }
        settle()
    }

    private func leave(_ sending: Sending) {
        inFlight -= 1
        inFlightByKey[sending.key] -= 1
    }

    private func settle() {
        if isOver, inFlight == 0 { finish() }
    }
}
