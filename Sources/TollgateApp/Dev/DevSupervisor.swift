import Domain
import Glibc
import Logging
import Records
import RedisClient
import ServiceLifecycle
import UnixSignals

/// `tollgate dev`: everything on one machine, in one process tree, on data that stays.
///
/// Started in the order of need and stopped in reverse. The servers are children that the kernel ends with us; edge,
/// admin listener and workers run in this process.
struct DevSupervisor {
    let options: DevOptions
    let logger: Logger

    /// Runs until Ctrl-C, a signal, or the end of a child that should not have ended.
    ///
    /// - Throws: `CommandFailure`.
    func run() async throws {
        let data = try DataFolder(self.options.dataPath)
        let lock = try DevLock(data)
        if let before = lock.leftBehind {
            self.logger.notice(
                "The previous tollgate dev did not stop in order; going on", metadata: ["pid": "\(before)"])
        }
        do {
            try await self.runLocked(data)
        } catch {
            lock.release()
            throw error
        }
        lock.release()
    }

    private func runLocked(_ data: DataFolder) async throws {
        // Both are replaced once the servers run.
        var configuration = try ConfigurationFile.load(
            self.options.configurationPath,
            standIns: ["TOLLGATE_REDIS": "redis://127.0.0.1", "TOLLGATE_DATABASE_URL": "postgresql:///tollgate"])
        configuration.journal.folder = data.journalFolder
        try self.choosePorts(&configuration)
        let sockets = try data.makeSocketFolder(for: try ProcessUser.forPostgres())
        defer { DataFolder.removeTree(sockets) }
        var children = DevChildren(logger: self.logger)
        do {
            try await self.startServers(data, sockets: sockets, configuration: &configuration, children: &children)
            try await self.serve(data, configuration: configuration, children: children)
        } catch {
            await children.stop()
            throw error
        }
        await children.stop()
        self.logger.notice("Stopped; the data is kept", metadata: ["path": "\(data.path)"])
    }

    // MARK: Starting

    private func choosePorts(_ configuration: inout Configuration) throws {
        if let port = self.options.edgePort { configuration.edge.listen.port = port }
        if let port = self.options.adminPort { configuration.admin.listen.port = port }
        try PortProbe.expectFree(
            configuration.edge.listen, purpose: "the edge", option: "--port N or TOLLGATE_EDGE_PORT=N")
        try PortProbe.expectFree(
            configuration.admin.listen, purpose: "the admin listener", option: "--admin-port N or TOLLGATE_ADMIN_PORT=N"
        )
        let jobs = ListenAddress(host: "127.0.0.1", port: try self.options.jobsPort ?? PortProbe.free())
        try PortProbe.expectFree(jobs, purpose: "the job service", option: "--jobs-port N or TOLLGATE_JOBS_PORT=N")
        guard let index = configuration.upstreams.firstIndex(where: { $0.name == Self.jobsUpstream }) else {
            throw CommandFailure(
                "\(self.options.configurationPath) has no upstream named `\(Self.jobsUpstream)`.",
                hint: "`tollgate dev` starts the job service and puts its address there.", status: .configuration)
        }
        configuration.upstreams[index].endpoints = [jobs]
    }

    private func startServers(
        _ data: DataFolder, sockets: String, configuration: inout Configuration, children: inout DevChildren
    ) async throws {
        self.logger.notice("Starting Redis and PostgreSQL", metadata: ["data": "\(data.path)"])
        let redis = try await LocalRedis.start(data, sockets: sockets, logger: self.logger)
        children.add(redis.child, stopSignal: SIGTERM, graceMs: 20_000)
        configuration.redis.url = redis.url
        let postgres = try await LocalPostgres.start(data, sockets: sockets, logger: self.logger)
        children.add(postgres.child, stopSignal: SIGINT, graceMs: 30_000)
        configuration.postgres.url = postgres.url
        try await Migrate.run(configuration, logger: self.logger)
        guard let upstream = configuration.upstreams.first(where: { $0.name == Self.jobsUpstream }),
            let address = upstream.endpoints.first
        else { return }
        self.logger.notice("Starting the job service", metadata: ["address": "\(address)"])
        let jobs = try await LocalJobService.start(data, address: address, databaseURL: postgres.url)
        children.add(jobs.child, stopSignal: SIGTERM, graceMs: 10_000)
    }

    // MARK: Serving

    private func serve(_ data: DataFolder, configuration: Configuration, children: DevChildren) async throws {
        let demo = try await DemoRecords.prepare(
            configuration, known: DemoEnvironment.read(data.environmentPath), isBare: self.options.isBare,
            logger: self.logger)
        let process = ServeProcess(
            configuration: configuration, configurationPath: nil, parts: .all, adminToken: demo.adminToken,
            stopSignals: Self.stopSignals(), logger: self.logger)
        let environmentPath = data.environmentPath
        try await process.run(alongside: [ChildWatch(children: children.all)]) { ports in
            let environment = Self.environment(demo, configuration: configuration, ports: ports)
            try environment.write(to: environmentPath)
            let banner = DevBanner(
                environment: environment, environmentPath: self.shown(environmentPath), configuration: configuration,
                program: self.shown(CommandLine.arguments.first ?? "tollgate"), org: demo.org)
            StandardOutput.write(banner.text)
        }
        // Stopped: the file keeps the keys, and no longer names a process.
        if var environment = DemoEnvironment.read(environmentPath) {
            environment.pid = nil
            try environment.write(to: environmentPath)
        }
    }

    private static func environment(
        _ demo: DemoRecords, configuration: Configuration, ports: ServeProcess.Ports
    ) -> DemoEnvironment {
        var environment = DemoEnvironment()
        environment.url = "http://127.0.0.1:\(ports.edge ?? configuration.edge.listen.port)"
        environment.adminURL = "http://127.0.0.1:\(ports.admin)"
        environment.key = demo.key
        environment.keyID = demo.keyID
        environment.testKey = demo.testKey
        environment.freeKey = demo.freeKey
        environment.adminToken = demo.adminToken
        environment.redis = configuration.redis.url
        environment.databaseURL = configuration.postgres.url
        environment.pid = getpid()
        return environment
    }

    /// A path as seen from here, when it lies below.
    private func shown(_ path: String) -> String {
        guard let current = getcwd(nil, 0) else { return path }
        defer { free(current) }
        let here = String(cString: current) + "/"
        return path.hasPrefix(here) ? String(path.dropFirst(here.count)) : path
    }

    /// A closed terminal stops us too, unless we were told to outlive it (nohup).
    private static func stopSignals() -> [UnixSignal] {
        var action = sigaction()
        sigaction(SIGHUP, nil, &action)
        let isIgnored = action.__sigaction_handler.sa_handler.map { unsafeBitCast($0, to: Int.self) == 1 } ?? false
        return isIgnored ? [.sigint, .sigterm] : [.sigint, .sigterm, .sighup]
    }

    private static let jobsUpstream = "jobs"
}
