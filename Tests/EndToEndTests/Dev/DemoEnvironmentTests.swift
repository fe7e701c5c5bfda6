import Foundation
import TestKit
import Testing

@testable import TollgateApp

struct DemoEnvironmentTests {
    static func example() -> DemoEnvironment {
        var environment = DemoEnvironment()
        environment.url = "http://127.0.0.1:8080"
        environment.adminURL = "http://127.0.0.1:8081"
        environment.key = "tgk_live_x"
        environment.testKey = "tgk_test_x"
        environment.adminToken = "it's $HOME `a` \"b\" \\ c"
        environment.redis = "unix:///tmp/with space/redis.sock"
        environment.databaseURL = "postgresql://tollgate@/tollgate?host=%2Ftmp&port=5432"
        environment.pid = 4711
        return environment
    }

    @Test func `it reads what it writes`() {
        #expect(DemoEnvironment(text: Self.example().text) == Self.example())
        var stopped = Self.example()
        stopped.pid = nil
        #expect(!stopped.text.contains("TOLLGATE_PID"))
        #expect(DemoEnvironment(text: stopped.text) == stopped)
        #expect(!stopped.isRunning)
    }

    @Test func `a shell reads the same, and the file is for its owner only`() async throws {
        let folder = try TestFolder(prefix: "demo-env")
        let path = "\(folder.path)/demo.env"
        try Self.example().write(to: path)
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        var command = ChildCommand(
            "sh", "/bin/sh",
            [
                "-c",
                ". \(path); printf '%s|%s|%s' \"$TOLLGATE_ADMIN_TOKEN\" \"$TOLLGATE_REDIS\" \"$TOLLGATE_DATABASE_URL\"",
            ],
            logPath: "\(folder.path)/out")
        command.deathSignal = "KILL"
        try await ChildProcess.run(command)
        let example = Self.example()
        #expect(FileText.read("\(folder.path)/out") == "\(example.adminToken)|\(example.redis)|\(example.databaseURL)")
    }
}
