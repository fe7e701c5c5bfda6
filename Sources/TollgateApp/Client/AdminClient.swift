import AsyncHTTPClient
import Control
import Glibc
import NIOCore
import NIOHTTP1

/// Speaks to the admin API of a running `tollgate serve` or `tollgate dev`.
struct AdminClient {
    /// Without a slash at the end.
    let server: String
    let token: String

    private static let timeout = TimeAmount.seconds(30)
    private static let answerBytesMax = 64 * 1024 * 1024
    private static let pageMax = 100

    /// The answer to a request: one record, the records of a list, or text.
    ///
    /// - Throws: `CommandFailure` for every refusal, with what the problem document says.
    func send(_ request: AdminRequest) async throws -> AdminReply {
        let path = try await self.resolved(request)
        switch request.answer {
        case .record:
            let text = try await self.exchange(request.method, path, request.query, request.body)
            return .record(text.isEmpty ? nil : try Self.parsed(text))
        case .text: return .text(try await self.exchange(request.method, path, request.query, request.body))
        case .list(let wanted): return .list(try await self.pages(path, request.query, wanted: wanted))
        }
    }

    private func pages(
        _ path: String, _ query: [(name: String, value: String?)], wanted: Int
    ) async throws -> [JSON] {
        var items: [JSON] = []
        var cursor: String?
        repeat {
            let limit = min(Self.pageMax, wanted - items.count)
            let page = query + [(name: "limit", value: String(limit)), (name: "cursor", value: cursor)]
            let answer = try Self.parsed(try await self.exchange("GET", path, page, nil))
            items += answer["data"]?.elements ?? []
            cursor = answer["next_cursor"]?.text
        } while cursor != nil && items.count < wanted
        return items
    }

    // MARK: Names

    /// The path with ids in the places of names.
    private func resolved(_ request: AdminRequest) async throws -> String {
        var path = request.path
        if let org = request.org { path = path.replacing("{org}", with: try await self.orgID(org)) }
        if let user = request.user { path = path.replacing("{user}", with: try await self.userID(user)) }
        return path
    }

    /// The id of the org with this id or slug.
    func orgID(_ name: String) async throws -> String {
        if name.hasPrefix("org_") { return Self.escaped(name) }
        return try await self.only("/v1/orgs", "slug", name, "org", hint: "See: tollgate orgs list")
    }

    /// The id of the user with this id or address.
    func userID(_ name: String) async throws -> String {
        if name.hasPrefix("usr_") { return Self.escaped(name) }
        return try await self.only("/v1/users", "email", name, "user", hint: "See: tollgate users list")
    }

    private func only(
        _ path: String, _ parameter: String, _ name: String, _ noun: String, hint: String
    ) async throws -> String {
        let found = try await self.pages(path, [(name: parameter, value: name)], wanted: 1)
        guard let id = found.first?["id"]?.text else {
            throw CommandFailure("There is no \(noun) `\(name)`.", hint: hint, status: .notFound)
        }
        return id
    }

    // MARK: HTTP

    private func exchange(
        _ method: String, _ path: String, _ query: [(name: String, value: String?)], _ body: JSON?
    ) async throws -> String {
        let pairs = query.compactMap { name, value in value.map { "\(name)=\(Self.escaped($0))" } }
        let url = self.server + path + (pairs.isEmpty ? "" : "?" + pairs.joined(separator: "&"))
        var request = HTTPClientRequest(url: url)
        request.method = HTTPMethod(rawValue: method)
        request.headers.add(name: "Authorization", value: "Bearer \(self.token)")
        request.headers.add(name: "User-Agent", value: "tollgate-cli")
        if let body {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(ByteBuffer(string: body.encoded))
        }
        let status: Int
        let text: String
        do {
            let response = try await HTTPClient.shared.execute(request, timeout: Self.timeout)
            status = Int(response.status.code)
            text = String(buffer: try await response.body.collect(upTo: Self.answerBytesMax))
        } catch {
            throw CommandFailure(
                "\(self.server) cannot be reached: \(error)",
                hint: "Is `tollgate serve` or `tollgate dev` running there (--server)?", status: .unreachable)
        }
        guard (200..<300).contains(status) else { throw AdminRefusal.failure(status, text) }
        return text
    }

    private static func parsed(_ text: String) throws -> JSON {
        do {
            return try JSONParser.parse(Array(text.utf8))
        } catch {
            throw CommandFailure(
                "The server's answer is not JSON: \(error.reason), at byte \(error.offset).",
                hint: "Is --server the address of the admin listener?")
        }
    }

    /// Percent-encoded, for one segment of a path or one value of a query (RFC 3986 §2.3).
    static func escaped(_ text: String) -> String {
        var escaped = ""
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
                UInt8(ascii: "~"):
                escaped.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                escaped += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return escaped
    }
}

/// What the admin API answered.
enum AdminReply {
    /// nil for nothing to say.
    case record(JSON?)
    case list([JSON])
    case text(String)
}
