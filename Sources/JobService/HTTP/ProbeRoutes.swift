import HTTPTypes
import Hummingbird
import Logging

/// Routes that say something about the service or the way to it: health, echo, and bodies of any size.
struct ProbeRoutes: Sendable {
    let store: JobStore

    static let blobBytesMax = 2 << 30
    private static let chunk = ByteBuffer(bytes: (0..<65_536).map { UInt8(truncatingIfNeeded: $0) })

    func add(to router: Router<BasicRequestContext>) {
        router.resource("/healthz", [.get: { _, context in await self.health(context.logger) }])
        router.resource(
            "/v1/echo", [.get: { request, _ in Self.mirror(request) }, .post: { request, _ in Self.echo(request) }])
        router.resource("/v1/blob", [.get: { request, _ in try Self.blob(request) }])
        router.resource("/v1/sink", [.post: { request, _ in try await Self.sink(request) }])
    }

    /// 200 while jobs can be taken in, otherwise 503.
    private func health(_ logger: Logger) async -> Response {
        do {
            try await self.store.ping()
            return .json(["status": "ok"], headers: [.cacheControl: "no-store"])
        } catch {
            logger.warning("not healthy", metadata: ["error": "\(error)"])
            let body: JSONValue = ["status": "unavailable", "reason": "the database does not answer"]
            return .json(body, status: .serviceUnavailable, headers: [.cacheControl: "no-store"])
        }
    }

    /// What arrived: method, path, query, and the fields that the edge added.
    private static func mirror(_ request: Request) -> Response {
        var fields: [String: JSONValue] = [:]
        for field in request.headers {
            let name = field.name.canonicalName
            guard name.hasPrefix("x-tollgate-") || name == "x-request-id" else { continue }
            fields[name] = .string(fields[name]?.string.map { "\($0), \(field.value)" } ?? field.value)
        }
        var body: [String: JSONValue] = [
            "method": .string(request.method.rawValue),
            "path": .string(request.uri.path),
            "headers": .object(fields),
        ]
        if let query = request.uri.query { body["query"] = .string(query) }
        return .json(.object(body), headers: [.cacheControl: "no-store"])
    }

    /// The body back, piece by piece as it comes.
    private static func echo(_ request: Request) -> Response {
        let type = request.headers[.contentType] ?? "application/octet-stream"
        let body = request.body
        return Response(
            status: .ok, headers: [.contentType: type],
            body: .init { writer in
                for try await piece in body { try await writer.write(piece) }
                try await writer.finish(nil)
            })
    }

    /// `bytes` bytes, counting from 0 to 255 over and over.
    private static func blob(_ request: Request) throws -> Response {
        var query = QueryReader(request)
        let bytes = query.integer("bytes", in: 0...self.blobBytesMax)
        try query.finish()
        guard let bytes else {
            throw Problem(
                .invalidRequest, "The size is missing.",
                errors: [FieldProblem(place: .parameter("bytes"), detail: "expected a whole number of bytes")])
        }
        return Response(
            status: .ok, headers: [.contentType: "application/octet-stream", .cacheControl: "no-store"],
            body: .init(contentLength: bytes) { writer in
                var left = bytes
                while left > 0 {
                    var piece = self.chunk
                    if left < piece.readableBytes { piece = piece.getSlice(at: 0, length: left) ?? piece }
                    left -= piece.readableBytes
                    try await writer.write(piece)
                }
                try await writer.finish(nil)
            })
    }

    /// Reads a body as fast as it can be digested, keeps nothing of it, and says what it was.
    private static func sink(_ request: Request) async throws -> Response {
        var digest = Sha256()
        var bytes = 0
        for try await piece in request.body {
            piece.readableBytesView.withUnsafeBytes { digest.update($0) }
            bytes += piece.readableBytes
        }
        return .json(["bytes": .integer(bytes), "sha256": .string(digest.finish().hex)])
    }
}
