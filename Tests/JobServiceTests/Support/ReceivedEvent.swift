import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import Testing

@testable import JobService

/// An event as a client read it.
struct ReceivedEvent: Sendable {
    var id: String?
    var name = "message"
    var data: JSONValue = .null
    /// A comment instead of an event.
    var comment: String?
}

extension RunningService {
    /// Opens a job's event stream.
    func openEvents(
        _ id: String, lastEventID: String? = nil, headers: HTTPHeaders = identity()
    ) async throws -> HTTPClientResponse {
        var request = HTTPClientRequest(url: "\(self.url)/v1/jobs/\(id)/events")
        request.headers = headers
        request.headers.add(name: "accept", value: "text/event-stream")
        if let lastEventID { request.headers.add(name: "last-event-id", value: lastEventID) }
        return try await HTTPClient.shared.execute(request, timeout: .seconds(60))
    }

    /// The events of a job until the stream ends, or until `enough` says so.
    func events(
        _ id: String, lastEventID: String? = nil, enough: (ReceivedEvent) -> Bool = { _ in false }
    ) async throws -> [ReceivedEvent] {
        let answer = try await self.openEvents(id, lastEventID: lastEventID)
        #expect(answer.status == .ok)
        return try await answer.readEvents(enough: enough)
    }
}

extension HTTPClientResponse {
    /// Reads events until the stream ends, or until `enough` says so.
    func readEvents(enough: (ReceivedEvent) -> Bool = { _ in false }) async throws -> [ReceivedEvent] {
        var events: [ReceivedEvent] = []
        var pending = ""
        for try await piece in self.body {
            pending += String(buffer: piece)
            while let end = pending.range(of: "\n\n") {
                let event = try ReceivedEvent(block: String(pending[..<end.lowerBound]))
                pending.removeSubrange(..<end.upperBound)
                guard let event else { continue }
                events.append(event)
                if enough(event) { return events }
            }
        }
        #expect(pending.isEmpty, "the stream ended inside an event")
        return events
    }
}

extension ReceivedEvent {
    /// Reads what stands between two empty lines; nil for a mere `retry`.
    fileprivate init?(block: String) throws {
        self.init()
        var isEvent = false
        for line in block.split(separator: "\n") {
            if line.hasPrefix(":") {
                self.init(name: "", comment: String(line))
                return
            }
            let parts = line.split(separator: ":", maxSplits: 1).map { $0.drop { $0 == " " } }
            let value = parts.count == 2 ? String(parts[1]) : ""
            switch parts[0] {
            case "id": self.id = value
            case "event": self.name = value
            case "data":
                self.data = try JSONValue(parsing: value.utf8)
                isEvent = true
            default: break
            }
        }
        if !isEvent { return nil }
    }
}

extension String {
    fileprivate func range(of pattern: String) -> Range<String.Index>? { self.ranges(of: pattern).first }
}
