import Glibc
import TestKit
import Testing

@testable import TollgateApp

struct ChildProcessTests {
    private static func shell(_ script: String, _ folder: TestFolder) -> ChildCommand {
        ChildCommand("sh", "/bin/sh", ["-c", script], logPath: "\(folder.path)/log")
    }

    @Test func `output goes to the log, the status comes back`() async throws {
        let folder = try TestFolder(prefix: "child")
        let child = try await ChildProcess.start(Self.shell("echo out; echo err >&2; exit 7", folder))
        #expect(await child.exit() == .status(7))
        #expect(!child.isRunning)
        #expect(FileText.read("\(folder.path)/log") == "out\nerr\n")
    }

    @Test func `a failing program's last words are in the error`() async throws {
        let folder = try TestFolder(prefix: "child")
        let error = await #expect(throws: CommandFailure.self) {
            try await ChildProcess.run(Self.shell("echo because; exit 3", folder))
        }
        #expect(error?.message.contains("because") == true && error?.message.contains("status 3") == true)
    }

    @Test func `a program that is missing is named with the package to install`() {
        let error = #expect(throws: CommandFailure.self) {
            try ProgramPath.find("no-such-program-of-ours", package: "some-package")
        }
        #expect(error?.description.contains("apt-get install some-package") == true)
    }

    @Test func `stop asks first and kills when that does not help`() async throws {
        let folder = try TestFolder(prefix: "child")
        let polite = try await ChildProcess.start(Self.shell("exec sleep 600", folder))
        #expect(await polite.stop(signal: SIGTERM, graceMs: 20_000) == .signal(SIGTERM))
        let stubborn = try await ChildProcess.start(
            Self.shell("trap '' TERM; echo ready; while :; do sleep 0.1; done", folder))
        try await eventually("the trap is set") { FileText.read("\(folder.path)/log") == "ready\n" }
        #expect(await stubborn.stop(signal: SIGTERM, graceMs: 50) == .signal(SIGKILL))
    }

    @Test func `a child has a session of its own and no descriptors of ours`() async throws {
        let folder = try TestFolder(prefix: "child")
        let child = try await ChildProcess.start(
            Self.shell("echo $$ $(cut -d' ' -f6 /proc/$$/stat) $(ls /proc/$$/fd | wc -l)", folder))
        #expect(await child.exit() == .status(0))
        let words = (FileText.read("\(folder.path)/log") ?? "").split(whereSeparator: \.isWhitespace)
        #expect(words.count == 3 && words[0] == words[1])
        #expect(words.last.flatMap { Int($0) }.map { $0 <= 4 } == true)
    }

    @Test func `a cancelled wait returns`() async throws {
        let folder = try TestFolder(prefix: "child")
        let child = try await ChildProcess.start(Self.shell("exec sleep 600", folder))
        let waiting = Task { await child.exit() }
        waiting.cancel()
        #expect(await waiting.value == .status(-1))
        _ = await child.stop(signal: SIGKILL, graceMs: 1_000)
    }
}
