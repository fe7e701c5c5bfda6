import Control
import Foundation
import Testing

struct ReadinessTests {
    @Test func `ready with every check well, with nothing to mend`() throws {
        let report = ReadinessReport(checks: [.init(name: "redis", state: .ok, detail: "answers")])
        #expect(report.httpStatus == 200)
        let document = try Self.members(report)
        #expect(document["status"] as? String == "ok")
    }

    @Test func `degraded still takes traffic, failing does not`() {
        var report = ReadinessReport(checks: [.init(name: "postgres", state: .degraded, detail: "away")])
        #expect(report.isReady && report.state == .degraded)
        report.checks.append(.init(name: "redis", state: .failing, detail: "away", remedy: "start it"))
        #expect(report.httpStatus == 503 && report.state == .failing)
    }

    @Test func `the document is JSON whatever a check says`() throws {
        let detail = "a \"quoted\" \\ path\nand a bell \u{7} and an ö"
        let report = ReadinessReport(checks: [.init(name: "x", state: .failing, detail: detail, remedy: "r")])
        let checks = try Self.members(report)["checks"] as? [[String: String]]
        #expect(checks?.first?["detail"] == detail)
        #expect(checks?.first?["remedy"] == "r")
        #expect(try Self.members(ReadinessReport(checks: []))["checks"] as? [String] == [])
    }

    private static func members(_ report: ReadinessReport) throws -> [String: Any] {
        try JSONSerialization.jsonObject(with: Data(report.json.utf8)) as? [String: Any] ?? [:]
    }
}
