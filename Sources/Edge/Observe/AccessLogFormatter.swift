import Domain
import NIOCore

/// Makes text of access log records, away from the loops: JSON with OpenTelemetry attribute names (STANDARDS §6), or a
/// line for people.
struct AccessLogFormatter: Sendable {
    let format: LoggingSettings.Format
    let routeIDs: [String]
    let upstreams: [String]

    init(_ configuration: Configuration) {
        self.format = configuration.logging.format
        self.routeIDs = configuration.routes.map(\.id)
        self.upstreams = configuration.routes.map(\.upstream)
    }

    /// Consumes every record in `records` and appends a line for each to `output`.
    func render(_ records: inout ByteBuffer, into output: inout ByteBuffer) {
        while let (facts, texts) = Self.next(&records) {
            switch self.format {
            case .json: self.renderJSON(facts, texts, into: &output)
            case .human: self.renderHuman(facts, texts, into: &output)
            }
        }
    }

    /// The byte strings of one record, in the order they were written.
    struct Texts {
        var requestID: Substring = ""
        var method: Substring = ""
        var path: Substring = ""
        var query: Substring = ""
        var host: Substring = ""
        var userAgent: Substring = ""
        var peer: Substring = ""
        var client: Substring = ""
        var traceID: Substring = ""
        var org: Substring = ""
        var key: Substring = ""
        var callerRequestID: Substring = ""
    }

    private static func next(_ buffer: inout ByteBuffer) -> (AccessFacts, Texts)? {
        guard
            let (length, wall, duration, upstream, status, requestBytes, responseBytes) = buffer.readMultipleIntegers(
                as: (UInt32, Int64, Int64, Int64, UInt16, Int64, Int64).self),
            let (route, problem, attempts, decision, cost) = buffer.readMultipleIntegers(
                as: (Int16, Int16, UInt8, UInt8, Int64).self),
            var body = buffer.readSlice(length: Int(length))
        else { return nil }
        var facts = AccessFacts()
        facts.wallMs = Int(wall)
        facts.durationNs = Int(duration)
        facts.upstreamDurationNs = Int(upstream)
        facts.status = Int(status)
        facts.requestBytes = Int(requestBytes)
        facts.responseBytes = Int(responseBytes)
        facts.route = route
        facts.problem = problem
        facts.attempts = attempts
        facts.decision = AccessFacts.Decision(rawValue: decision) ?? .none
        facts.cost = Int(cost)
        func text() -> Substring {
            guard let length = body.readInteger(as: UInt16.self), let text = body.readString(length: Int(length)) else {
                return ""
            }
            return Substring(text)
        }
        let texts = Texts(
            requestID: text(), method: text(), path: text(), query: text(), host: text(), userAgent: text(),
            peer: text(), client: text(), traceID: text(), org: text(), key: text(), callerRequestID: text())
        return (facts, texts)
    }

    private func renderJSON(_ facts: AccessFacts, _ texts: Texts, into output: inout ByteBuffer) {
        var line = JSONLine()
        line.add("timestamp", Self.timestamp(facts.wallMs))
        line.add("http.request.method", texts.method)
        line.add("url.path", texts.path)
        if !texts.query.isEmpty { line.add("url.query", Self.redacted(texts.query)) }
        if facts.route >= 0, Int(facts.route) < self.routeIDs.count {
            line.add("http.route", Substring(self.routeIDs[Int(facts.route)]))
            line.add("upstream", Substring(self.upstreams[Int(facts.route)]))
        }
        line.add("http.response.status_code", facts.status)
        line.add("http.request.body.size", facts.requestBytes)
        line.add("http.response.body.size", facts.responseBytes)
        line.add("network.protocol.version", "1.1")
        line.add("client.address", texts.client)
        line.add("network.peer.address", texts.peer)
        if !texts.userAgent.isEmpty { line.add("user_agent.original", texts.userAgent) }
        if !texts.host.isEmpty { line.add("server.address", texts.host) }
        if !texts.traceID.isEmpty { line.add("trace_id", texts.traceID) }
        line.add("duration_s", seconds: facts.durationNs)
        if facts.problem >= 0, let problem = ProblemCode(index: Int(facts.problem)) {
            line.add("error.type", Substring(problem.rawValue))
        }
        line.add("request_id", texts.requestID)
        if !texts.callerRequestID.isEmpty { line.add("caller_request_id", texts.callerRequestID) }
        if !texts.org.isEmpty { line.add("org_id", texts.org) }
        if !texts.key.isEmpty { line.add("api_key_id", texts.key) }
        line.add("upstream_attempts", Int(facts.attempts))
        if facts.attempts > 0 { line.add("upstream_duration_s", seconds: facts.upstreamDurationNs) }
        line.add("decision", Substring(facts.decision.label))
        line.add("cost", facts.cost)
        line.finish(into: &output)
    }

    private func renderHuman(_ facts: AccessFacts, _ texts: Texts, into output: inout ByteBuffer) {
        let route = facts.route >= 0 && Int(facts.route) < self.routeIDs.count ? self.routeIDs[Int(facts.route)] : "-"
        let problem = facts.problem >= 0 ? ProblemCode(index: Int(facts.problem))?.rawValue ?? "" : ""
        let micros = facts.durationNs / 1000
        let printable = texts.path.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7f }
        output.writeString(
            """
            \(Self.timestamp(facts.wallMs).dropFirst(11).dropLast(1)) \(facts.status) \(texts.method) \
            \(printable ? texts.path : "(unprintable)") \
            \(micros / 1000).\(micros % 1000 / 100)ms route=\(route) decision=\(facts.decision.label) \
            \(texts.org.isEmpty ? "" : "org=\(texts.org) ")\(problem.isEmpty ? "" : "problem=\(problem) ")\
            \(texts.requestID)\n
            """)
    }

    /// Values of query items that usually hold secrets are not logged; their names are kept.
    static func redacted(_ query: Substring) -> Substring {
        let secret: Set<String> = [
            "access_token", "api_key", "apikey", "key", "token", "password", "secret", "signature",
        ]
        let items = query.split(separator: "&", omittingEmptySubsequences: false).map { item -> Substring in
            guard let equals = item.firstIndex(of: "="), secret.contains(item[..<equals].lowercased()) else {
                return item
            }
            return item[...equals] + "REDACTED"
        }
        return Substring(items.joined(separator: "&"))
    }

    /// RFC 3339 in UTC with milliseconds.
    static func timestamp(_ unixMs: Int) -> Substring {
        let days = unixMs / 86_400_000
        let inDay = unixMs % 86_400_000
        let (year, month, day) = civil(fromDays: days)
        func pad(_ value: Int, _ width: Int) -> String {
            let digits = String(value)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        return Substring(
            pad(year, 4) + "-" + pad(month, 2) + "-" + pad(day, 2) + "T" + pad(inDay / 3_600_000, 2) + ":"
                + pad(inDay / 60_000 % 60, 2) + ":" + pad(inDay / 1000 % 60, 2) + "." + pad(inDay % 1000, 3) + "Z")
    }

    private static func civil(fromDays days: Int) -> (Int, Int, Int) {
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }
}
