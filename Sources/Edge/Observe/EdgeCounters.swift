import Domain

/// What one loop counts: plain integers, added up over the loops when somebody asks.
struct EdgeCounters: Sendable {
    /// OpenTelemetry's boundaries for `http.server.request.duration`, in seconds, with three more for long jobs.
    static let durationBounds: [Double] = [
        0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30, 60, 300,
    ]
    private static let durationBoundsNs: [Int] = durationBounds.map { Int($0 * 1_000_000_000) }

    /// Requests of one route by status and by duration.
    struct RouteCounters: Sendable {
        /// By status class 1xx … 5xx; index 0 is "no answer was sent".
        var byClass = [UInt64](repeating: 0, count: 6)
        var durations = [UInt64](repeating: 0, count: EdgeCounters.durationBounds.count + 1)
        var durationNsSum: UInt64 = 0
    }

    /// By route index; the last one is for requests that matched no route.
    var routes: [RouteCounters]
    /// Gateway-made answers by problem, indexed by `ProblemCode.index`.
    var problems: [UInt64]
    var connectionsAccepted: UInt64 = 0
    var connectionsRefused: UInt64 = 0
    var connectionsOpen = 0
    var requestsInFlight = 0
    var admitted: UInt64 = 0
    var refused: UInt64 = 0
    var admittedLocally: UInt64 = 0
    var staleVersions: UInt64 = 0
    var replays: UInt64 = 0
    var scriptCalls: UInt64 = 0
    var settles: UInt64 = 0
    var settlesFailed: UInt64 = 0
    var storeUnavailable: UInt64 = 0
    var admissionsUnanswered: UInt64 = 0
    var breakerOpenings: UInt64 = 0
    var keyCacheHits: UInt64 = 0
    var keyCacheMisses: UInt64 = 0
    var keyFallbacks: UInt64 = 0
    var keyFallbacksRefused: UInt64 = 0
    var systemReads: UInt64 = 0
    var upstreamRequests: UInt64 = 0
    var upstreamRetries: UInt64 = 0
    var upstreamConnectFailures: UInt64 = 0
    var accessLogDropped: UInt64 = 0
    var meterReadFailures: UInt64 = 0
    var wireErrors: UInt64 = 0
    var earlyReads: UInt64 = 0

    init(routes: Int) {
        self.routes = Array(repeating: RouteCounters(), count: routes + 1)
        self.problems = Array(repeating: 0, count: ProblemCode.allCases.count)
    }

    /// Makes room for another number of routes; counts of routes are kept by place.
    mutating func resize(routes: Int) {
        let unmatched = self.routes.removeLast()
        while self.routes.count < routes { self.routes.append(RouteCounters()) }
        self.routes.removeLast(self.routes.count - routes)
        self.routes.append(unmatched)
    }

    mutating func finished(route: Int?, status: Int, durationNs: Int) {
        let index = route ?? self.routes.count - 1
        self.routes[index].byClass[min(5, status / 100)] += 1
        self.routes[index].durationNsSum &+= UInt64(durationNs)
        var bucket = 0
        while bucket < Self.durationBoundsNs.count, durationNs > Self.durationBoundsNs[bucket] { bucket += 1 }
        self.routes[index].durations[bucket] += 1
    }

    static func += (left: inout EdgeCounters, right: EdgeCounters) {
        for index in left.routes.indices where index < right.routes.count {
            for cell in left.routes[index].byClass.indices {
                left.routes[index].byClass[cell] += right.routes[index].byClass[cell]
            }
            for cell in left.routes[index].durations.indices {
                left.routes[index].durations[cell] += right.routes[index].durations[cell]
            }
            left.routes[index].durationNsSum &+= right.routes[index].durationNsSum
        }
        for index in left.problems.indices { left.problems[index] += right.problems[index] }
        for path in Self.plainCounters { left[keyPath: path.1] += right[keyPath: path.1] }
        left.connectionsOpen += right.connectionsOpen
        left.requestsInFlight += right.requestsInFlight
    }

    /// Name (without prefix and suffix), cell, meaning.
    static var plainCounters: [(String, WritableKeyPath<EdgeCounters, UInt64>, String)] {
        [
            ("connections_accepted", \.connectionsAccepted, "Connections accepted."),
            (
                "connections_refused", \.connectionsRefused,
                "Connections closed because edge.connections_max was reached."
            ),
            ("admissions_admitted", \.admitted, "Requests admitted by the admission script."),
            ("admissions_refused", \.refused, "Requests refused by a bucket, quota or concurrency cap."),
            ("admissions_local", \.admittedLocally, "Requests admitted from memory while Redis was away."),
            ("admissions_stale", \.staleVersions, "Admissions repeated because the org had changed."),
            ("replays", \.replays, "Stored responses served again."),
            ("script_calls", \.scriptCalls, "Admission script calls; fewer than requests where calls were shared."),
            ("settles", \.settles, "Settle script calls."),
            ("settles_failed", \.settlesFailed, "Settle calls that Redis did not confirm."),
            ("store_unavailable", \.storeUnavailable, "Requests that found Redis away or too slow."),
            (
                "admissions_unanswered", \.admissionsUnanswered,
                "Admission calls whose answer was lost; tokens and quota they may have taken stay taken."
            ),
            ("store_breaker_openings", \.breakerOpenings, "Times a loop stopped asking a Redis that was too slow."),
            ("key_cache_hits", \.keyCacheHits, "API keys found in the loop's cache."),
            ("key_cache_misses", \.keyCacheMisses, "API keys looked up in Redis."),
            ("key_fallbacks", \.keyFallbacks, "API keys looked up in PostgreSQL."),
            (
                "system_reads", \.systemReads,
                "Commands to Redis on no request's behalf: maintenance, enrolment, probes, usage."
            ),
            ("key_fallbacks_refused", \.keyFallbacksRefused, "Look-ups that the bound on PostgreSQL look-ups refused."),
            ("upstream_requests", \.upstreamRequests, "Requests sent to an upstream, retries included."),
            ("upstream_retries", \.upstreamRetries, "Requests sent again after a failure that allowed it."),
            ("upstream_connect_failures", \.upstreamConnectFailures, "Upstream connections that could not be opened."),
            ("access_log_dropped", \.accessLogDropped, "Access log lines dropped because the writer fell behind."),
            ("meter_read_failures", \.meterReadFailures, "Responses whose meter value was missing or unreadable."),
            ("wire_errors", \.wireErrors, "Requests refused as malformed."),
            ("early_reads", \.earlyReads, "Reads at the end of a loop's turn, without asking the kernel who is ready."),
        ]
    }
}
