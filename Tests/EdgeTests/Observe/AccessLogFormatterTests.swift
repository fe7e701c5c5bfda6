import Domain
import NIOCore
import Testing

@testable import Edge

/// Lines as they are written.
@Suite struct AccessLogFormatterTests {
    private static func formatter(_ format: LoggingSettings.Format) -> AccessLogFormatter {
        var configuration = Configuration()
        configuration.logging.format = format
        configuration.routes = [Route(id: "jobs", path: "/v1/jobs", upstream: "job-service")]
        return AccessLogFormatter(configuration)
    }

    private static func facts() -> AccessFacts {
        var facts = AccessFacts()
        facts.wallMs = 1_763_698_509_012
        facts.durationNs = 12_345_678
        facts.upstreamDurationNs = 2_000_500
        facts.status = 201
        facts.requestBytes = 17
        facts.responseBytes = 42
        facts.route = 0
        facts.attempts = 1
        facts.decision = .admitted
        facts.cost = 3
        return facts
    }

    private static let texts = [
        "req_01J", "POST", "/v1/jobs", "x=1&api_key=tgk_live_secret", "api.example.dev", "curl/8", "10.0.0.1",
        "203.0.113.9",
        "4bf92f3577b34da6a3ce929d0e0e4736", "org_1", "key_1",
    ]

    private static func line(_ facts: AccessFacts, _ texts: [String], _ format: LoggingSettings.Format) -> String {
        var raw = ByteBuffer()
        for text in texts {
            raw.writeInteger(UInt16(text.utf8.count))
            raw.writeString(text)
        }
        var buffer = AccessLogBuffer(bytesMax: 1 << 20)
        #expect(buffer.append(facts, texts: raw) == true)
        var records = buffer.take()
        var output = ByteBuffer()
        Self.formatter(format).render(&records, into: &output)
        #expect(records.readableBytes == 0)
        return String(buffer: output)
    }

    @Test func `a request as JSON`() {
        let line = Self.line(Self.facts(), Self.texts, .json)
        #expect(
            line == """
                {"timestamp":"2025-11-21T04:15:09.012Z","http.request.method":"POST","url.path":"/v1/jobs",\
                "url.query":"x=1&api_key=REDACTED","http.route":"jobs","upstream":"job-service",\
                "http.response.status_code":201,"http.request.body.size":17,"http.response.body.size":42,\
                "network.protocol.version":"1.1","client.address":"203.0.113.9","network.peer.address":"10.0.0.1",\
                "user_agent.original":"curl/8","server.address":"api.example.dev",\
                "trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","duration_s":0.012345,"request_id":"req_01J",\
                "org_id":"org_1","api_key_id":"key_1","upstream_attempts":1,"upstream_duration_s":0.002000,\
                "decision":"admitted","cost":3}\n
                """)
    }

    @Test func `a refusal as JSON`() {
        var facts = AccessFacts()
        facts.wallMs = 951_782_400_000
        facts.status = 401
        facts.problem = Int16(ProblemCode.apiKeyInvalid.index)
        let line = Self.line(facts, ["req_2", "GET", "/", "", "", "", "::1", "::1", "", "", ""], .json)
        #expect(
            line == """
                {"timestamp":"2000-02-29T00:00:00.000Z","http.request.method":"GET","url.path":"/",\
                "http.response.status_code":401,"http.request.body.size":0,"http.response.body.size":0,\
                "network.protocol.version":"1.1","client.address":"::1","network.peer.address":"::1",\
                "duration_s":0.000000,"error.type":"api-key-invalid","request_id":"req_2","upstream_attempts":0,\
                "decision":"none","cost":0}\n
                """)
    }

    @Test func `a request for people`() {
        #expect(
            Self.line(Self.facts(), Self.texts, .human)
                == "04:15:09.012 201 POST /v1/jobs 12.3ms route=jobs decision=admitted org=org_1 req_01J\n")
    }

    @Test func `OB-5 values of secret query items are not logged`() {
        for name in ["access_token", "API_KEY", "token", "password", "secret", "signature", "key", "apikey"] {
            let redacted = AccessLogFormatter.redacted("a=1&\(name)=hunter2&b=2")
            #expect(redacted == "a=1&\(name)=REDACTED&b=2")
        }
        #expect(AccessLogFormatter.redacted("token") == "token")
        #expect(AccessLogFormatter.redacted("") == "")
        #expect(AccessLogFormatter.redacted("&&=x&a=b=c") == "&&=x&a=b=c")
        #expect(AccessLogFormatter.redacted("token=a=b") == "token=REDACTED")
    }

    @Test func `bytes that would break a line are escaped`() {
        let texts = ["r", "GET", "/a\"\\\u{1}\n\u{7f}é", "", "", "", "", "", "", "", ""]
        let json = Self.line(Self.facts(), texts, .json)
        #expect(json.contains("\"url.path\":\"/a\\\"\\\\\\u0001\\u000a\\u007fé\""))
        #expect(json.filter { $0 == "\n" }.count == 1)
        #expect(Self.line(Self.facts(), texts, .human).contains("(unprintable)"))
    }

    @Test func `several records become several lines`() {
        var buffer = AccessLogBuffer(bytesMax: 1 << 20)
        for _ in 0..<3 { #expect(buffer.append(Self.facts(), texts: ByteBuffer()) == true) }
        var records = buffer.take()
        #expect(buffer.isEmpty)
        var output = ByteBuffer()
        Self.formatter(.human).render(&records, into: &output)
        #expect(String(buffer: output).split(separator: "\n").count == 3)
    }

    @Test func `a record that does not fit is refused`() {
        var buffer = AccessLogBuffer(bytesMax: 200)
        #expect(buffer.append(Self.facts(), texts: ByteBuffer(string: String(repeating: "x", count: 40))) == true)
        #expect(buffer.append(Self.facts(), texts: ByteBuffer(string: String(repeating: "x", count: 40))) == false)
    }
}
