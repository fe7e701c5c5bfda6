import CPostgres

/// One established libpq connection, used without ever blocking in libpq itself: every wait is a `poll` with a
/// deadline that a cancelling task can interrupt. Not Sendable; its owner runs it on a thread of its own.
final class LibpqConnection {
    let pointer: OpaquePointer
    let signal: WakeSignal
    private let canceller: PostgresThread
    private let cancelGrace: Duration
    /// Set when the connection cannot be used any further: unanswered cancel, protocol out of step, or socket gone.
    private(set) var isBroken = false

    private init(pointer: OpaquePointer, signal: WakeSignal, canceller: PostgresThread, cancelGrace: Duration) {
        self.pointer = pointer
        self.signal = signal
        self.canceller = canceller
        self.cancelGrace = cancelGrace
    }

    deinit { PQfinish(self.pointer) }

    /// Process id of the server's side.
    var backendPID: Int { Int(PQbackendPID(self.pointer)) }

    /// True between statements outside a transaction.
    var isIdle: Bool { PQtransactionStatus(self.pointer) == PQTRANS_IDLE }

    /// True inside a transaction that is still good.
    var isInTransaction: Bool { PQtransactionStatus(self.pointer) == PQTRANS_INTRANS }

    var socket: Int32 { PQsocket(self.pointer) }

    func markBroken() { self.isBroken = true }

    /// Notices a server that went away while nobody looked; costs one system call.
    func isAlive() -> Bool {
        guard !self.isBroken, PQstatus(self.pointer) == CONNECTION_OK else { return false }
        var readiness = Readiness.woken
        while readiness != .overdue {
            readiness = Readiness.wait(socket: self.socket, signal: self.signal, until: .now)
            guard readiness == .socket else { continue }
            guard PQconsumeInput(self.pointer) == 1 else { return false }
            _ = PQisBusy(self.pointer)  // parses what came, so that a farewell reaches the notice receiver
        }
        return !self.isBroken && PQstatus(self.pointer) == CONNECTION_OK
    }

    /// The error for a socket that died under a statement.
    func lost(_ query: String?) -> PostgresError {
        self.isBroken = true
        let reason = PQerrorMessage(self.pointer).map { String(cString: $0).singleLine(charactersMax: 300) } ?? ""
        var error = PostgresError(
            .connectionLost, "the connection was lost: \(reason)",
            hint: "the statement may have taken effect; the pool connects again by itself")
        error.query = query
        return error
    }
}

extension LibpqConnection {
    /// Connects and authenticates.
    /// - Throws: `unreachable`, `authentication`, `configuration` or `cancelled`.
    static func connect(
        _ configuration: PostgresConfiguration, operation: PostgresOperation, signal: WakeSignal,
        canceller: PostgresThread
    ) throws(PostgresError) -> LibpqConnection {
        let keywords = configuration.connectionKeywords
        let started = withCStrings(keywords.map(\.name)) { names in
            withCStrings(keywords.map(\.value)) { values in PQconnectStartParams(names, values, 0) }
        }
        guard let pointer = started else { throw PostgresError(.unreachable, "out of memory") }
        let connection = LibpqConnection(
            pointer: pointer, signal: signal, canceller: canceller, cancelGrace: configuration.cancelGrace)
        guard PQstatus(pointer) != CONNECTION_BAD else { throw connection.refusal(configuration) }
        connection.receiveNotices()
        try connection.handshake(configuration, operation)
        PQsetnonblocking(pointer, 1)
        try connection.prepareSession(configuration, operation)
        return connection
    }

    /// libpq would print notices to standard error. One matters: a FATAL between statements is the server's farewell,
    /// often read before the socket is seen to close.
    private func receiveNotices() {
        let receiver: PQnoticeReceiver = { context, result in
            guard let context, let severity = PQresultErrorField(result, severityField) else { return }
            guard ["FATAL", "PANIC"].contains(String(cString: severity)) else { return }
            Unmanaged<LibpqConnection>.fromOpaque(context).takeUnretainedValue().markBroken()
        }
        _ = PQsetNoticeReceiver(self.pointer, receiver, Unmanaged.passUnretained(self).toOpaque())
    }

    private func handshake(
        _ configuration: PostgresConfiguration, _ operation: PostgresOperation
    ) throws(PostgresError) {
        let deadline = ContinuousClock.now + configuration.connectTimeout
        var writing = true
        while true {
            // Before the first poll libpq counts as wanting to write; the socket may change between host addresses.
            switch Readiness.wait(
                socket: self.socket, writing: writing, reading: !writing, signal: self.signal, until: deadline)
            {
            case .woken:
                guard !operation.isCancelled else { throw PostgresError(.cancelled, "cancelled while connecting") }
                continue
            case .overdue:
                throw PostgresError.connecting(
                    "no answer within \(configuration.connectTimeout)", to: configuration)
            case .socket: break
            }
            switch PQconnectPoll(self.pointer) {
            case PGRES_POLLING_OK: return
            case PGRES_POLLING_WRITING: writing = true
            case PGRES_POLLING_READING: writing = false
            default: throw self.refusal(configuration)
            }
        }
    }

    /// What every session relies on, whatever the server's or role's defaults are.
    private func prepareSession(
        _ configuration: PostgresConfiguration, _ operation: PostgresOperation
    ) throws(PostgresError) {
        let milliseconds = configuration.statementTimeout.map { limit in
            let (seconds, attoseconds) = limit.components
            return max(1, seconds * 1000 + attoseconds / 1_000_000_000_000_000)
        }
        let settings: PostgresQuery = """
            SELECT set_config('statement_timeout', \(String(milliseconds ?? 0)), false),
                   set_config('TimeZone', 'UTC', false), set_config('DateStyle', 'ISO', false),
                   set_config('standard_conforming_strings', 'on', false)
            """
        _ = try self.execute(settings, operation)
    }

    private func refusal(_ configuration: PostgresConfiguration) -> PostgresError {
        let reason = PQerrorMessage(self.pointer).map { String(cString: $0) } ?? ""
        return PostgresError.connecting(reason, to: configuration)
    }
}

extension LibpqConnection {
    /// Waits for the server's next result; nil after the last. Ends overdue or cancelled statements.
    func nextResult(_ flight: Flight) throws(PostgresError) -> OpaquePointer? {
        while PQisBusy(self.pointer) == 1 {
            guard try self.awaitInput(flight) else { break }
        }
        return PQgetResult(self.pointer)
    }

    /// Writes what libpq has buffered. A write that fails is not told here: the server's reason, or libpq's, is the
    /// next result.
    func flush(_ flight: Flight) throws(PostgresError) {
        while PQflush(self.pointer) == 1 {
            guard try self.awaitInput(flight, writing: true) else { return }
        }
    }

    /// One sleep until the socket has something, with cancellation and deadline seen to. False if the socket is
    /// dead; what it brought before can still be taken as results.
    private func awaitInput(_ flight: Flight, writing: Bool = false) throws(PostgresError) -> Bool {
        if flight.operation.isCancelled { self.requestCancel(flight, because: .cancelled) }
        switch Readiness.wait(
            socket: self.socket, writing: writing, signal: self.signal, until: flight.nextDeadline)
        {
        case .woken: return true
        case .socket: return PQconsumeInput(self.pointer) == 1
        case .overdue:
            guard let reason = flight.endReason else {
                self.requestCancel(flight, because: .timeout)
                return true
            }
            self.isBroken = true
            throw flight.ended(reason, "the server did not answer, its connection is given up")
        }
    }

    private func requestCancel(_ flight: Flight, because reason: PostgresError.Source) {
        guard flight.endReason == nil else { return }
        flight.endReason = reason
        flight.graceEnds = .now + self.cancelGrace
        guard let request = CancelRequest(connection: self.pointer) else { return }
        flight.cancelRequest = request
        let signal = self.signal
        self.canceller.submit { request.send(thenRaise: signal) }
    }

    /// After the last result: a cancel still under way would hit the next statement, so it is waited for.
    func land(_ flight: Flight) {
        guard let request = flight.cancelRequest else { return }
        while !request.isSent {
            if Readiness.wait(socket: -1, signal: self.signal, until: flight.graceEnds) == .overdue {
                self.isBroken = true
                return
            }
        }
    }
}

/// `PG_DIAG_SEVERITY_NONLOCALIZED`, a character macro that Swift does not import.
private let severityField = Int32(UInt8(ascii: "V"))

/// Runs `body` with C strings ended by a null pointer, as libpq's keyword lists want them.
private func withCStrings<Result>(
    _ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> Result
) -> Result {
    var starts: [Int] = []
    var bytes: [CChar] = []
    for string in strings {
        starts.append(bytes.count)
        bytes.append(contentsOf: string.utf8.map { CChar(bitPattern: $0) })
        bytes.append(0)
    }
    return bytes.withUnsafeBufferPointer { bytes in
        var pointers: [UnsafePointer<CChar>?] = starts.map { start in bytes.baseAddress.map { $0 + start } }
        pointers.append(nil)
        return body(pointers)
    }
}
