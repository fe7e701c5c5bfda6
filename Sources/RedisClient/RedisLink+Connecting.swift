import Logging
import NIOCore
import NIOPosix

extension RedisLink {
    // MARK: An attempt

    func connect(_ generation: UInt64) {
        self.counters.connectAttempts += 1
        self.become(.connecting)
        guard self.machine.state == .connecting else { return }  // closed by the listener
        self.attemptTimer = self.eventLoop.assumeIsolated().scheduleTask(
            in: .milliseconds(Int64(RedisConfiguration.bounded(self.configuration.connectTimeoutMs)))
        ) {
            let nowMs = self.nowMs()
            self.act(on: self.machine.attemptExpired(generation: generation, nowMs: nowMs), self.expiryText())
        }
        let link = NIOLoopBound(self, eventLoop: self.eventLoop)
        let bootstrap = ClientBootstrap(group: self.eventLoop)
            .connectTimeout(.milliseconds(Int64(RedisConfiguration.bounded(self.configuration.connectTimeoutMs))))
            .channelInitializer { channel in
                // A host with several addresses gets several channels; the first that connects is ours.
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        RedisChannelHandler(link: link.value, generation: generation))
                }
            }
        let connecting: EventLoopFuture<any Channel> =
            switch self.configuration.endpoint {
            case .unix(let path):
                bootstrap.connect(unixDomainSocketPath: path)
            case .tcp(let host, let port):
                bootstrap.channelOption(.tcpOption(.tcp_nodelay), value: 1)
                    .channelOption(.socketOption(.so_keepalive), value: 1)
                    .connect(host: host, port: port)
            }
        connecting.assumeIsolated().whenFailure { error in self.ended(generation, "\(error)") }
    }

    func connected(_ handler: RedisChannelHandler) {
        switch self.machine.connected(generation: handler.generation) {
        case .setUp:
            self.handler = handler
            self.sendSetUp(handler.generation)
        case .discard:
            handler.close()
        }
    }

    func disconnected(_ handler: RedisChannelHandler, _ reason: String) {
        if handler === self.handler { self.ended(handler.generation, reason) }
    }

    func becameWritable(_ handler: RedisChannelHandler) {
        if handler === self.handler { self.flush() }
    }

    private func expiryText() -> String {
        "\(self.configuration.endpoint) did not accept and set up the connection within "
            + "\(self.configuration.connectTimeoutMs) ms"
    }

    // MARK: Set-up

    /// AUTH, SELECT, the name, the scripts and the run id, all in one write; ready when the last reply is in.
    private func sendSetUp(_ generation: UInt64) {
        for step in self.setUpSteps() {
            RESPWriter.beginCommand(argumentCount: step.arguments.count, into: &self.output)
            for argument in step.arguments { RESPWriter.append(argument, into: &self.output) }
            self.acceptInternal(RedisSetUpWaiter(link: self, step: step, generation: generation))
        }
    }

    private func setUpSteps() -> [RedisSetUpStep] {
        var steps: [RedisSetUpStep] = []
        if let password = self.configuration.password {
            let user = self.configuration.username.map { [$0] } ?? []
            steps.append(.init(.authenticate, ["AUTH"] + user + [password]))
        }
        if self.configuration.database != 0 {
            steps.append(.init(.select, ["SELECT", "\(self.configuration.database)"]))
        }
        if !self.configuration.clientName.isEmpty {
            steps.append(.init(.setName, ["CLIENT", "SETNAME", self.configuration.clientName]))
        }
        for script in self.scripts { steps.append(.init(.load(script), ["SCRIPT", "LOAD", script.source])) }
        if self.configuration.fencesLostConnections { steps.append(.init(.clientID, ["CLIENT", "ID"])) }
        steps.append(.init(.identify, ["INFO"]))
        return steps
    }

    func setUpFailed(_ generation: UInt64, _ reason: String) {
        self.ended(generation, reason)
    }

    // MARK: The fence

    func connectionIDTold(_ generation: UInt64, _ id: Int64?) {
        if generation == self.machine.generation { self.connectionID = id }
    }

    func cannotFence(_ error: RedisServerError) {
        self.logger?.warning(
            "a lost connection cannot be ended at Redis: what was sent on it may be executed late; grant the user +client",
            metadata: ["error": "\(error)"])
    }

    /// INFO was answered. Where a connection to the same server was lost, that one is ended before this one is used.
    func identified(_ generation: UInt64, runID: String) {
        guard let lost = self.lostConnectionID, runID == self.serverRunID, generation == self.machine.generation else {
            return self.setUpFinished(generation, runID: runID)
        }
        self.runIDToCome = runID
        let step = RedisSetUpStep(.fence, ["CLIENT", "KILL", "ID", "\(lost)"])
        RESPWriter.beginCommand(argumentCount: step.arguments.count, into: &self.output)
        for argument in step.arguments { RESPWriter.append(argument, into: &self.output) }
        self.acceptInternal(RedisSetUpWaiter(link: self, step: step, generation: generation))
    }

    func fenced(_ generation: UInt64) {
        guard generation == self.machine.generation else { return }
        self.setUpFinished(generation, runID: self.runIDToCome)
    }

    private func setUpFinished(_ generation: UInt64, runID: String) {
        guard case .becomeReady = self.machine.setUpFinished(generation: generation, nowMs: self.nowMs()) else {
            return
        }
        self.attemptTimer?.cancel()
        self.attemptTimer = nil
        self.counters.connects += 1
        self.lostConnectionID = nil
        self.lastFailure = nil
        let before = self.serverRunID
        self.serverRunID = runID
        if before != runID { self.onServerChange?(before, runID) }
        guard self.machine.isReady else { return }  // closed by the listener
        self.logger?.info(
            "connected to Redis",
            metadata: ["endpoint": "\(self.configuration.endpoint)", "run_id": "\(runID)"])
        self.become(.ready)
    }

    // MARK: The end of an attempt or a connection

    /// The attempt or connection is over, for whatever reason. What an older one reports is ignored.
    func ended(_ generation: UInt64, _ reason: String, failing failure: RedisFailure = .connectionLost) {
        self.act(on: self.machine.ended(generation: generation, nowMs: self.nowMs()), reason, failing: failure)
    }

    private func act(
        on action: RedisLinkMachine.OnEnded, _ reason: String, failing failure: RedisFailure = .connectionLost
    ) {
        guard case .retry(let delayMs, let wasReady) = action else { return }
        self.attemptTimer?.cancel()
        self.attemptTimer = nil
        if wasReady {
            self.counters.disconnects += 1
            self.lostConnectionID = self.connectionID
        }
        self.connectionID = nil
        // One line per outage and per reason, not one per attempt.
        if wasReady || self.lastFailure != reason {
            self.logger?.warning(
                "no connection to Redis; trying again",
                metadata: ["endpoint": "\(self.configuration.endpoint)", "reason": "\(reason)"])
        }
        self.lastFailure = reason
        let generation = self.machine.generation
        _ = self.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(Int64(delayMs))) { [weak self] in
            guard let self, case .connect(let next) = self.machine.reconnectDue(generation: generation) else { return }
            self.connect(next)
        }
        self.dropConnection(becoming: .waiting(retryInMs: delayMs), failing: failure)
    }

    /// Closes the socket and fails what waits. The machine is in its next state already, so commands sent by those who
    /// hear of it are refused.
    func dropConnection(becoming state: RedisLinkState, failing failure: RedisFailure) {
        self.handler?.close()
        self.handler = nil
        self.output.clear()
        self.scriptEpoch = 0
        var lost = PendingRing(capacity: 1)
        swap(&lost, &self.pending)
        self.become(state)
        while let command = lost.popFirst() {
            guard let waiter = command.waiter else { continue }
            if !command.isInternal { self.counters.commandsLost += 1 }
            waiter.redisFailed(failure)
        }
    }

    private func become(_ state: RedisLinkState) {
        self.state = state
        self.onStateChange?(state)
    }

    private func nowMs() -> UInt64 {
        NIODeadline.now().uptimeNanoseconds / 1_000_000
    }
}
