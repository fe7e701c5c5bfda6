import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import Testing

@testable import JobService

/// A whole answer.
struct Reply: Sendable {
    let status: Int
    let headers: HTTPHeaders
    let body: ByteBuffer

    var json: JSONValue {
        get throws { try JSONValue(parsing: self.body.readableBytesView) }
    }

    func header(_ name: String) -> String? { self.headers.first(name: name) }
}

/// The fields that the edge adds.
func identity(org: String = "org_1", environment: String = "live", key: String? = "key_1") -> HTTPHeaders {
    var headers: HTTPHeaders = ["X-Tollgate-Org": org, "X-Tollgate-Environment": environment]
    if let key { headers.add(name: "X-Tollgate-Key", value: key) }
    return headers
}

extension RunningService {
    /// Sends one request and reads its whole answer.
    func call(
        _ method: HTTPMethod, _ path: String, _ json: JSONValue? = nil, headers: HTTPHeaders = identity()
    ) async throws -> Reply {
        var request = HTTPClientRequest(url: self.url + path)
        request.method = method
        request.headers = headers
        if let json {
            request.headers.add(name: "content-type", value: "application/json")
            request.body = .bytes(Array(try json.encoded().utf8))
        }
        return try await self.send(request)
    }

    func send(_ request: HTTPClientRequest) async throws -> Reply {
        let answer = try await HTTPClient.shared.execute(request, timeout: .seconds(60))
        let body = try await answer.body.collect(upTo: 64 << 20)
        return Reply(status: Int(answer.status.code), headers: answer.headers, body: body)
    }

    /// Submits a job and gives its id.
    func submit(_ json: JSONValue, headers: HTTPHeaders = identity()) async throws -> String {
        let reply = try await self.call(.POST, "/v1/jobs", json, headers: headers)
        #expect(reply.status == 202, "\(String(buffer: reply.body))")
        return try #require(try reply.json["id"]?.string)
    }

    /// The job once `condition` holds for it.
    func job(_ id: String, until condition: (JSONValue) -> Bool) async throws -> JSONValue {
        var latest: JSONValue = .null
        try await eventually("job \(id)") {
            latest = try await self.call(.GET, "/v1/jobs/\(id)").json
            return condition(latest)
        }
        return latest
    }

    /// The job once it has ended.
    func ended(_ id: String) async throws -> JSONValue {
        try await self.job(id) { $0["finished_at"] != nil }
    }
}

extension JSONValue {
    var status: String? { self["status"]?.string }

    /// The pointers, parameters and header names of a problem's `errors`.
    var places: [String] {
        guard case .array(let errors)? = self["errors"] else { return [] }
        return errors.compactMap { ($0["pointer"] ?? $0["parameter"] ?? $0["header"])?.string }
    }
}
