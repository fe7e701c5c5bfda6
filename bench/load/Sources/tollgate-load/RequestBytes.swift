import Foundation
import LoadModel

/// The bytes of a scenario's requests, made once for every kind and key where nothing in them changes.
struct RequestBytes: Sendable {
    private let heads: [[String]]
    private let bodies: [String?]
    private let fixed: [[[UInt8]?]]

    init(kinds: [RequestKind], keys: [String], target: Target) {
        heads = kinds.map { kind in
            keys.map { key in
                var head = "\(kind.method) \(target.prefix)\(kind.path) HTTP/1.1\r\nHost: \(target.authority)\r\n"
                head += "Authorization: Bearer \(key)\r\n"
                if !kind.headers.contains(where: { $0.name.lowercased() == "accept" }) {
                    head += "Accept: \(kind.isEventStream ? "text/event-stream" : "application/json")\r\n"
                }
                for header in kind.headers { head += "\(header.name): \(header.value)\r\n" }
                if kind.body != nil, !kind.headers.contains(where: { $0.name.lowercased() == "content-type" }) {
                    head += "Content-Type: application/json\r\n"
                }
                return head
            }
        }
        bodies = kinds.map(\.body)
        let heads = heads
        fixed = kinds.enumerated().map { index, kind in
            heads[index].map { head in
                guard kind.repetitions == 1, kind.body?.contains("{n}") != true, !kind.path.contains("{n}") else {
                    return nil
                }
                return Array(Self.message(head, body: kind.body).utf8)
            }
        }
    }

    /// The same bytes for every request of this kind and key, if they are.
    func constant(kind: Int, key: Int) -> [UInt8]? { fixed[kind][key] }

    func made(kind: Int, key: Int, serial: Int, idempotencyKey: String?) -> String {
        var head = heads[kind][key].replacingOccurrences(of: "{n}", with: "\(serial)")
        if let idempotencyKey { head += "Idempotency-Key: \(idempotencyKey)\r\n" }
        return Self.message(head, body: bodies[kind]?.replacingOccurrences(of: "{n}", with: "\(serial)"))
    }

    private static func message(_ head: String, body: String?) -> String {
        guard let body else { return head + "\r\n" }
        return head + "Content-Length: \(body.utf8.count)\r\n\r\n" + body
    }
}
