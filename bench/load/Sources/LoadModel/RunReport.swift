import Foundation
import Histogram

/// What a run found, for programs (JSON) and as the material of the HTML report.
public struct RunReport: Sendable, Codable {
    public struct Quantile: Sendable, Codable, Equatable {
        public var percentile: Double
        public var ms: Double
    }

    public struct Second: Sendable, Codable, Equatable {
        public var due: Int
        public var admitted: Int
        public var limited: Int
        public var failed: Int
        public var p50Ms: Double
        public var p99Ms: Double
    }

    public struct Allowance: Sendable, Codable, Equatable {
        public var capacity: Double
        public var refillPerSecond: Double
    }

    public var scenario: String
    public var about: String
    public var target: String
    public var started: String
    public var loop: String
    public var connections: Int
    public var keys: Int
    public var seconds: Double
    public var sent: Int
    public var admitted: Int
    public var limited: Int
    public var unexpected: Int
    public var broken: Int
    public var timeouts: Int
    public var unsent: Int
    public var bytes: Int
    public var eventStreams: Int
    public var events: Int
    public var statuses: [String: Int]
    public var requestsPerSecond: Double
    /// From the moment a request was due.
    public var latency: [Quantile]
    /// From its sending.
    public var service: [Quantile]
    public var latencyMaxMs: Double
    public var timeline: [Second]
    /// What all keys' buckets together allow, if the scenario states a limit.
    public var allowance: Allowance?
    public var checks: [Check]

    public static let percentiles: [Double] = [
        0, 10, 25, 50, 75, 90, 95, 99, 99.5, 99.9, 99.95, 99.99, 99.999, 100,
    ]

    public init(
        scenario: Scenario, target: String, started: String, keys: Int, seconds: Double, tally: Tally, checks: [Check]
    ) {
        self.scenario = scenario.name
        about = scenario.about
        self.target = target
        self.started = started
        loop = Self.text(of: scenario.load)
        connections = scenario.load.connections
        self.keys = keys
        self.seconds = seconds
        (sent, admitted, limited) = (tally.sent, tally.admitted, tally.limited)
        (unexpected, broken, timeouts, unsent) = (tally.unexpected, tally.broken, tally.timeouts, tally.unsent)
        (bytes, eventStreams, events) = (tally.bytes, tally.eventStreams, tally.events)
        statuses = Dictionary(uniqueKeysWithValues: tally.statuses.map { (String($0.key), $0.value) })
        requestsPerSecond = Double(tally.admitted + tally.limited + tally.unexpected) / max(seconds, 0.001)
        latency = Self.quantiles(tally.latency)
        service = Self.quantiles(tally.service)
        latencyMaxMs = Double(tally.latency.max) / 1e6
        timeline = tally.seconds.prefix(Int(seconds.rounded(.up))).map {
            Second(
                due: $0.due, admitted: $0.admitted, limited: $0.limited, failed: $0.failed,
                p50Ms: Double($0.latency.valueAtPercentile(50)) / 1e3,
                p99Ms: Double($0.latency.valueAtPercentile(99)) / 1e3)
        }
        if let tightest = scenario.limits.min(by: { $0.refillPerSecond < $1.refillPerSecond }) {
            let buckets = tightest.scope == .key ? Double(keys) : 1
            allowance = Allowance(
                capacity: tightest.capacity * buckets, refillPerSecond: tightest.refillPerSecond * buckets)
        }
        self.checks = checks
    }

    public var isMet: Bool { checks.allSatisfy(\.isMet) }

    public func quantile(_ percentile: Double) -> Double {
        latency.first { $0.percentile == percentile }?.ms ?? 0
    }

    public func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self) + "\n"
    }

    private static func quantiles(_ histogram: Histogram<UInt64>) -> [Quantile] {
        guard histogram.totalCount > 0 else { return [] }
        return percentiles.map {
            Quantile(percentile: $0, ms: Double(histogram.valueAtPercentile($0)) / 1e6)
        }
    }

    private static func text(of load: Load) -> String {
        switch load.loop {
        case .open(let stages, let isRandom):
            let steps = stages.map { "\(Units.fixed($0.rate, 0))/s for \(Units.text(ns: $0.durationNs))" }
            return "open loop, \(isRandom ? "random" : "even") arrivals: " + steps.joined(separator: ", then ")
        case .closed(let durationNs, let thinkNs):
            let think = thinkNs > 0 ? ", thinking \(Units.text(ns: thinkNs))" : ""
            return "closed loop for \(Units.text(ns: durationNs))\(think)"
        }
    }
}
