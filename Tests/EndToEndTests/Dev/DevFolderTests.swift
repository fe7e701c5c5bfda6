import Domain
import Glibc
import NIOCore
import NIOPosix
import TestKit
import Testing

@testable import TollgateApp

struct DevFolderTests {
    @Test func `a second instance is told who holds the folder`() throws {
        let folder = try TestFolder(prefix: "dev")
        let data = try DataFolder("\(folder.path)/data")
        let first = try DevLock(data)
        let error = #expect(throws: CommandFailure.self) { try DevLock(data).release() }
        #expect(error?.description.contains("PID \(getpid())") == true)
        first.release()
        let next = try DevLock(data)
        #expect(next.leftBehind == nil)
        next.release()
    }

    @Test func `a lock left by a dead process is in nobody's way, and told of`() throws {
        let folder = try TestFolder(prefix: "dev")
        let data = try DataFolder("\(folder.path)/data")
        try FileText.write("999999\n", to: data.lockPath, mode: 0o644)
        let lock = try DevLock(data)
        #expect(lock.leftBehind == 999_999)
        lock.release()
    }

    @Test func `sockets move to a short path when the folder's is too long for one`() throws {
        let folder = try TestFolder(prefix: "dev")
        let short = try DataFolder("\(folder.path)/d")
        #expect(try short.makeSocketFolder(for: nil) == short.runFolder)
        let long = try DataFolder("\(folder.path)/" + String(repeating: "x", count: 90))
        let sockets = try long.makeSocketFolder(for: nil)
        defer { DataFolder.removeTree(sockets) }
        #expect(sockets.hasPrefix("/tmp/tollgate-dev-") && sockets.utf8.count < 40)
    }

    @Test func `a taken port is named with its owner and the option to change it`() async throws {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(ChannelOptions.socketOption(.init(rawValue: SO_REUSEPORT)), value: 1)
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(channel.localAddress?.port)
        for host in ["127.0.0.1", "0.0.0.0", "localhost"] {
            let error = #expect(throws: CommandFailure.self) {
                try PortProbe.expectFree(ListenAddress(host: host, port: port), purpose: "the edge", option: "--port N")
            }
            let text = error?.description ?? ""
            #expect(
                text.contains("Port \(port)") && text.contains("--port N") && text.contains("(PID \(getpid()))"),
                "\(text)")
        }
        try await channel.close()
        // A program that another test starts at this moment holds our descriptors until it is loaded.
        try await eventually("the port is free again") {
            (try? PortProbe.expectFree(ListenAddress(host: "127.0.0.1", port: port), purpose: "x", option: "y")) != nil
        }
        #expect(try PortProbe.free() > 0)
    }
}
