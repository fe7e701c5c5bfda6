import CPostgres

/// The connection behind one iteration of ``PostgresNotifications``, on its own thread.
actor PostgresListener {
    nonisolated let signal = WakeSignal()
    private nonisolated let thread = PostgresThread()
    private let configuration: PostgresConfiguration
    private let channels: [String]
    private let canceller: PostgresThread
    private var link: LibpqConnection?
    /// A connection that is silent for so long is asked whether it still lives: a peer that vanished says nothing.
    private static let silenceMax = Duration.seconds(30)

    nonisolated var unownedExecutor: UnownedSerialExecutor { self.thread.asUnownedSerialExecutor() }

    init(_ configuration: PostgresConfiguration, channels: [String], canceller: PostgresThread) {
        self.configuration = configuration
        self.channels = channels
        self.canceller = canceller
    }

    deinit { self.thread.retire() }

    /// The next event; nil if the operation was cancelled.
    func next(_ operation: PostgresOperation) -> PostgresNotification? {
        do {
            guard let link else { return try self.listen(operation) }
            while !operation.isCancelled {
                if let message = link.takeNotification() { return message }
                try link.awaitNotification(silenceMax: Self.silenceMax, self.configuration.connectTimeout)
            }
            return nil
        } catch {
            self.link = nil
            return operation.isCancelled ? nil : .interrupted(error)
        }
    }

    private func listen(_ operation: PostgresOperation) throws(PostgresError) -> PostgresNotification {
        let fresh = try LibpqConnection.connect(
            self.configuration, operation: operation, signal: self.signal, canceller: self.canceller)
        for channel in self.channels {
            _ = try fresh.execute("LISTEN \(identifier: channel)", operation)
        }
        self.link = fresh
        return .listening
    }
}

extension LibpqConnection {
    /// A notification that has been read already.
    func takeNotification() -> PostgresNotification? {
        guard let notification = PQnotifies(self.pointer) else { return nil }
        defer { PQfreemem(notification) }
        return .message(
            channel: String(cString: notification.pointee.relname), payload: String(cString: notification.pointee.extra)
        )
    }

    /// Sleeps until something arrives or the signal is raised.
    func awaitNotification(silenceMax: Duration, _ answerMax: Duration) throws(PostgresError) {
        switch Readiness.wait(socket: self.socket, signal: self.signal, until: .now + silenceMax) {
        case .woken: return
        case .socket:
            guard PQconsumeInput(self.pointer) == 1, !self.isBroken else { throw self.lost("LISTEN") }
        case .overdue:
            _ = try self.execute("SELECT 1", PostgresOperation(signal: self.signal, timeout: answerMax))
        }
    }
}
