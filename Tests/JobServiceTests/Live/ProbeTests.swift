import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import TestKit
import Testing

@testable import JobService

@Suite struct `Probes` {
    @Test func `health`() async throws {
        try await RunningService.with { service in
            let reply = try await service.call(.GET, "/healthz", headers: [:])
            #expect(reply.status == 200)
            #expect(try reply.json == ["status": "ok"])
        }
    }

    @Test func `echo shows what the edge added, and nothing else`() async throws {
        try await RunningService.with { service in
            var headers = identity()
            headers.add(name: "authorization", value: "Bearer secret")
            headers.add(name: "x-request-id", value: "req_1")
            let json = try await service.call(.GET, "/v1/echo?a=1&b=%2F", headers: headers).json
            #expect(json["method"] == "GET")
            #expect(json["path"] == "/v1/echo")
            #expect(json["query"] == "a=1&b=%2F")
            #expect(
                json["headers"] == [
                    "x-tollgate-org": "org_1", "x-tollgate-environment": "live", "x-tollgate-key": "key_1",
                    "x-request-id": "req_1",
                ])
        }
    }

    @Test func `echo gives each piece back before the next is sent`() async throws {
        try await RunningService.with { service in
            let (pieces, sender) = AsyncStream.makeStream(of: ByteBuffer.self)
            var request = HTTPClientRequest(url: "\(service.url)/v1/echo")
            request.method = .POST
            request.headers = ["content-type": "text/x-pieces"]
            request.body = .stream(pieces, length: .unknown)
            sender.yield(ByteBuffer(string: "0"))
            let answer = try await HTTPClient.shared.execute(request, timeout: .seconds(60))
            #expect(answer.headers.first(name: "content-type") == "text/x-pieces")
            var received = ""
            for try await piece in answer.body {
                received += String(buffer: piece)
                if received.utf8.count == 5 {
                    sender.finish()
                } else {
                    sender.yield(ByteBuffer(string: "\(received.utf8.count)"))
                }
            }
            #expect(received == "01234")
        }
    }

    @Test(arguments: [0, 1, 65_536, 1_000_003])
    func `a blob has the size and content it should`(bytes: Int) async throws {
        try await RunningService.with { service in
            let reply = try await service.call(.GET, "/v1/blob?bytes=\(bytes)")
            #expect(reply.status == 200)
            #expect(reply.header("content-length") == "\(bytes)")
            #expect(reply.body.readableBytes == bytes)
            #expect(reply.body.readableBytesView.enumerated().allSatisfy { $1 == UInt8(truncatingIfNeeded: $0) })
        }
    }

    @Test(arguments: ["", "?bytes=-1", "?bytes=2147483649", "?bytes=x"])
    func `a blob needs a size within bounds`(query: String) async throws {
        try await RunningService.with { service in
            let reply = try await service.call(.GET, "/v1/blob\(query)")
            #expect(reply.status == 400)
            #expect(try reply.json.places == ["bytes"])
        }
    }

    @Test func `a sink counts and digests what it reads`() async throws {
        try await RunningService.with { service in
            let piece = ByteBuffer(bytes: (0..<10_000).map { UInt8(truncatingIfNeeded: $0) })
            var digest = Sha256()
            for _ in 0..<40 { piece.readableBytesView.withUnsafeBytes { digest.update($0) } }
            var request = HTTPClientRequest(url: "\(service.url)/v1/sink")
            request.method = .POST
            request.body = .stream(Array(repeating: piece, count: 40).async, length: .unknown)
            let reply = try await service.send(request)
            #expect(try reply.json == ["bytes": 400_000, "sha256": .string(digest.finish().hex)])
        }
    }
}

extension Array where Element: Sendable {
    /// The elements one after the other.
    fileprivate var async: AsyncStream<Element> {
        var iterator = self.makeIterator()
        let (stream, continuation) = AsyncStream.makeStream(of: Element.self)
        while let element = iterator.next() { continuation.yield(element) }
        continuation.finish()
        return stream
    }
}
