import Domain
import HTTPWire
import HotStore
import NIOCore
import RedisClient

/// One request between its head and its settlement, on one loop: gathers what the rules need, asks the machine what is
/// next, and moves bytes between a client's connection and an upstream's. Reused for every request of a connection.
///
/// The facets follow the request: +Head (parse, route, authenticate), +Decision (admission), +Forward (lease, send,
/// request body), +Response (answer), +Problem (gateway-made answers), +Settlement, +Finish.
final class Exchange: RedisWaiter, Equatable {
    let loop: EdgeLoop
    /// The client's connection; nil once it has gone.
    var handler: DownstreamHandler?
    /// Place in the loop's list.
    var place = 0

    var machine = ExchangeMachine()
    var stage = Stage.idle
    /// Monotonic milliseconds at which the current wait is over; `Int.max` is never.
    var deadlineMs = Int.max
    var totalDeadlineMs = Int.max
    var waitsFor = Wait.request

    // The request.
    var headState = HeadParseState()
    var startNs = 0
    var route: CompiledRoute?
    var entry: PrincipalEntry?
    var grant: RouteGrant?
    var request = RequestFacts()
    var requestID = RequestID(id: SortableID(bits: 0))
    var startedID = false
    var trace: TraceParent?
    var credentialError: CredentialError?
    var allowIndex = 0
    var keyToLookUp: [UInt8] = []
    var presentedKey = PresentedKey()
    var requestBody = BodyDecoder()
    var requestBodyEnded = true
    var requestBytes = 0
    /// The rendered head for the upstream, and the body where it is held.
    var outgoing = ByteBuffer()
    /// A request that waits for its principal or its body: head and, for a keyed one, content.
    var held: HeldRequest?

    // The decision.
    var readings: [RateLimitReading] = []
    var decision = AccessFacts.Decision.none
    var decidedAtMs = 0
    var admittedHour = 0
    var cost = 1
    var keyed: KeyedRequest?
    var leaseID: UInt64 = 0
    var isLocal = false
    /// Whether PostgreSQL has granted the key too.
    var isDurable = false
    /// Admitted and not settled.
    private(set) var isOpen = false
    var isRevalidating = false
    var revalidations = 0
    var storeWait = StoreWait()
    /// What a call of its own was given.
    var storeLeftNs = 0
    /// Quantities read from response headers, in the order of the route's rules; −1 where unreadable.
    var headerQuantities: [Int] = []
    var forwarding = ForwardingMemo()
    /// Where in `outgoing` the identity fields stand.
    var identityStart = 0

    // Forwarding.
    var connection: UpstreamConnection?
    var endpoint: UpstreamEndpoint?
    var upstreamStartNs = 0
    var sentToUpstream = false

    // The answer.
    var responseHeadState = HeadParseState()
    var responsePartial = ByteBuffer()
    var responseBody = BodyDecoder()
    var responseConnection = ConnectionOptions()
    var responseStatus = 0
    var responseBytes = 0
    var reframing = BodyFraming.none
    var clientKeepsAlive = true
    var upstreamKeepsAlive = true
    var responseStarted = false
    /// Whether the answer is an event stream.
    var answersEvents = false
    var tap: ResponseTap?
    var answer = ByteBuffer()
    var problem: ProblemCode?
    var logTexts = ByteBuffer()
    var isTunnel = false

    enum Stage: Equatable {
        /// Between requests.
        case idle
        /// Reading and throwing away a body that nobody wants, after the answer.
        case discarding
        /// Gathering a keyed request's body.
        case gathering
        /// Waiting for principal, decision or connection: body bytes wait in the handler.
        case waiting
        /// Connected: body bytes go upstream.
        case forwarding
        case finished
    }

    /// What a deadline ends.
    enum Wait {
        case request, head, body, store, durable, lease, responseHead, responseBody, continueInterim, discard, none
    }

    init(loop: EdgeLoop, handler: DownstreamHandler) {
        self.loop = loop
        self.handler = handler
        super.init()
    }

    static func == (left: Exchange, right: Exchange) -> Bool { left === right }

    var isIdle: Bool { self.stage == .idle }
    /// Whether the start of a head has been read and its end has not.
    var isReadingHead: Bool { self.stage == .idle && self.waitsFor == .head }
    /// Whether there is something that draining waits for.
    var isUnfinished: Bool {
        self.isReadingHead || (self.stage != .idle && self.stage != .finished) || self.handler?.isBehind == true
    }
    /// Whether bytes read now belong to the request's body and can be used at once.
    var takesBody: Bool {
        switch self.stage {
        case .gathering, .discarding: true
        case .forwarding: !self.requestBodyEnded || self.isTunnel
        case .idle, .waiting, .finished: false
        }
    }

    /// The request is admitted: exactly one settlement follows.
    func open() {
        self.isOpen = true
        self.loop.ledger.requestOpened()
    }

    /// Whether this is the settlement of an admitted request, which it then no longer is.
    func close() -> Bool {
        guard self.isOpen else { return false }
        self.isOpen = false
        self.loop.ledger.requestSettled()
        return true
    }

    /// Whether a claim or lease is held that heartbeats must keep alive.
    var isClaiming: Bool {
        guard self.decision == .admitted, self.machine.phase != .idle, self.machine.phase != .finished else {
            return false
        }
        return self.keyed != nil || self.leaseID != 0
    }

    /// How Redis is asked for this request.
    var store: StoreAccess { self.route?.store ?? self.loop.store }

    var connectTimeoutMs: Int { self.route?.timeouts.connectMs ?? 2_000 }

    /// The connection is new, or the last request is done.
    func awaitRequest() {
        self.stage = .idle
        self.waitsFor = .request
        let settings = self.loop.configuration.edge
        // A client that is behind with its answer has as long for the rest as for any part of a body.
        let isBehind = self.handler?.isBehind ?? false
        self.deadlineMs =
            self.loop.nowMs
            + (isBehind ? max(settings.keepAliveTimeoutMs, settings.bodyIdleTimeoutMs) : settings.keepAliveTimeoutMs)
    }

    func expect(_ wait: Wait, withinMs: Int) {
        self.waitsFor = wait
        self.deadlineMs = min(self.totalDeadlineMs, self.loop.nowMs + withinMs)
    }

    func expectNothing() {
        self.waitsFor = .none
        self.deadlineMs = self.totalDeadlineMs
    }

    /// Called by the loop's tick when `deadlineMs` has passed.
    func deadlinePassed() {
        self.deadlineMs = .max
        switch self.waitsFor {
        case .request:
            // Nothing was asked: a silent close (STANDARDS §5).
            self.handler?.abort()
        case .head:
            self.refuse(.requestTimeout)
        case .body:
            self.requestBodyStalled()
        case .discard:
            self.handler?.abort()
        case .lease:
            self.leaseTimedOut()
        case .responseHead, .none:
            self.upstreamFailed(.headTimeout)
        case .responseBody:
            self.answerStalled()
        case .continueInterim:
            self.continueTimerFired()
        case .durable:
            self.durableTimedOut()
        case .store:
            break
        }
    }

    // MARK: The reply to a call of its own

    override func redisReplied(_ reply: borrowing RedisReply) {
        guard let template = self.grant?.template,
            let decided = AdmissionReply(reply, template: template, cost: self.cost)
        else {
            return self.storeFailed(.protocolError)
        }
        self.store.breaker.succeeded()
        self.decided(decided, position: 0)
    }

    override func redisFailed(_ failure: RedisFailure) {
        if !StoreWait.isLate(leftNs: self.storeLeftNs, of: self.store.deadlineNs) {
            self.loop.noteStoreFailure(failure, of: self.store)
        }
        self.storeFailed(failure)
    }

    override func redisResend(into output: inout ByteBuffer) -> Bool {
        guard let grant else { return false }
        self.encodeAdmission(grant, into: &output)
        return true
    }

    /// The client's connection is gone.
    func connectionClosed() {
        self.handler = nil
        self.presentedKey.forget()
        self.isTunnel ? self.endTunnel() : self.clientGone()
    }
}
