import Domain
import Journal
import RedisClient

/// The loops' counters as metrics. Labels are routes, status classes, problems and kinds: never keys, orgs or paths.
enum EdgeMetrics {
    /// What is at this moment, over all loops.
    struct Gauges: Sendable {
        var redisPending = 0
        var upstreamConnections = 0
        var upstreamWaiters = 0
        var requestsOpen = 0
        var loopsWithoutStore = 0
        var usageUnreported = 0
        var sharers = 0
        var local: [LocalShares.LimitName: LocalAdmission.Figure] = [:]
        var balance = JournalBalance()

        /// Takes in what another loop says of failures.
        mutating func add(_ other: Gauges) {
            self.requestsOpen += other.requestsOpen
            self.loopsWithoutStore += other.loopsWithoutStore
            self.usageUnreported += other.usageUnreported
            self.sharers = max(self.sharers, other.sharers)
            for (name, figure) in other.local { self.local[name, default: .init()] += figure }
            self.balance.opened += other.balance.opened
            self.balance.settled += other.balance.settled
            self.balance.uncovered += other.balance.uncovered
        }
    }

    static func families(
        _ counters: EdgeCounters, redis: RedisLinkCounters, gauges: Gauges, routes: [String]
    ) -> [MetricFamily] {
        var families = [self.requests(counters, routes), self.durations(counters, routes), self.problems(counters)]
        families.append(self.gauge("tollgate_connections_open", "Client connections.", counters.connectionsOpen))
        families.append(self.gauge("tollgate_redis_commands_pending", "Commands without a reply.", gauges.redisPending))
        families.append(
            self.gauge(
                "tollgate_upstream_connections", "Upstream connections, idle or not.", gauges.upstreamConnections))
        families.append(
            self.gauge(
                "tollgate_upstream_waiters", "Requests that wait for an upstream connection.", gauges.upstreamWaiters))
        families += self.failure(gauges)
        for (name, path, help) in EdgeCounters.plainCounters {
            families.append(self.counter("tollgate_\(name)_total", help, counters[keyPath: path]))
        }
        families += self.redis(redis)
        return families
    }

    /// What the failure policy and the journal are about.
    private static func failure(_ gauges: Gauges) -> [MetricFamily] {
        let unsettled = gauges.balance.opened - gauges.balance.settled - gauges.requestsOpen
        return [
            self.gauge("tollgate_requests_open", "Admitted requests that have not ended.", gauges.requestsOpen),
            self.gauge(
                "tollgate_requests_unsettled",
                "Admitted requests that are gone and were never settled; anything but 0 is a fault.", max(0, unsettled)),
            self.gauge(
                "tollgate_loops_without_store", "Event loops that decide without Redis at the moment.",
                gauges.loopsWithoutStore),
            self.gauge(
                "tollgate_usage_unreported", "Usage counters that Redis has not been told of yet.",
                gauges.usageUnreported),
            self.counter(
                "tollgate_usage_uncovered_total", "Units of usage that found no room in the journal and are lost.",
                UInt64(gauges.balance.uncovered)),
            self.gauge(
                "tollgate_local_sharers",
                "Event loops of all gateways that divide each limit while Redis is away; 0 without a lease.",
                gauges.sharers),
            self.local(
                "tollgate_local_bound_tokens",
                "Tokens that this gateway admits at most of any one bucket in the absence of Redis that goes on, or could "
                    + "in the last one.", gauges, \.bound),
            self.local(
                "tollgate_local_spent_tokens",
                "Tokens that it has admitted of the most used bucket in that absence.", gauges, { Double($0.spent) }),
        ]
    }

    private static func local(
        _ name: String, _ help: String, _ gauges: Gauges, _ value: (LocalAdmission.Figure) -> Double
    ) -> MetricFamily {
        let figures = gauges.local.sorted { ($0.key.routeID, $0.key.limit) < ($1.key.routeID, $1.key.limit) }
        return MetricFamily(
            name: name, help: help, kind: .gauge,
            samples: figures.map { limit, figure in
                .init(
                    labels: [.init("http_route", limit.routeID), .init("limit", limit.limit)],
                    value: .number(value(figure)))
            })
    }

    private static func label(_ routes: [String], _ index: Int) -> String {
        index < routes.count ? routes[index] : "none"
    }

    private static func requests(_ counters: EdgeCounters, _ routes: [String]) -> MetricFamily {
        var samples: [MetricFamily.Sample] = []
        for (index, route) in counters.routes.enumerated() {
            for (group, count) in route.byClass.enumerated() where count > 0 {
                samples.append(
                    .init(
                        labels: [
                            .init("http_route", self.label(routes, index)),
                            .init("http_response_status_class", group == 0 ? "none" : "\(group)xx"),
                        ], value: .number(Double(count))))
            }
        }
        return MetricFamily(
            name: "tollgate_requests_total", help: "Requests by route and class of answer.", kind: .counter,
            samples: samples)
    }

    private static func durations(_ counters: EdgeCounters, _ routes: [String]) -> MetricFamily {
        let samples = counters.routes.enumerated().compactMap { index, route -> MetricFamily.Sample? in
            guard route.durations.contains(where: { $0 > 0 }) else { return nil }
            return .init(
                labels: [.init("http_route", self.label(routes, index))],
                value: .histogram(
                    bounds: EdgeCounters.durationBounds, counts: route.durations,
                    sum: Double(route.durationNsSum) / 1e9))
        }
        return MetricFamily(
            name: "http_server_request_duration_seconds", help: "From a request's first byte to its answer's last.",
            kind: .histogram, samples: samples)
    }

    private static func problems(_ counters: EdgeCounters) -> MetricFamily {
        let samples = ProblemCode.allCases.compactMap { code -> MetricFamily.Sample? in
            let count = counters.problems[code.index]
            guard count > 0 else { return nil }
            return .init(labels: [.init("error_type", code.rawValue)], value: .number(Double(count)))
        }
        return MetricFamily(
            name: "tollgate_problems_total", help: "Answers that the gateway made itself, by problem.", kind: .counter,
            samples: samples)
    }

    private static func redis(_ counters: RedisLinkCounters) -> [MetricFamily] {
        [
            self.counter("tollgate_redis_commands_total", "Commands sent to Redis.", UInt64(counters.commands)),
            self.counter(
                "tollgate_redis_writes_total", "Writes to Redis; one carries all commands of a loop turn.",
                UInt64(counters.flushes)),
            self.counter("tollgate_redis_replies_total", "Replies of Redis.", UInt64(counters.replies)),
            self.counter(
                "tollgate_redis_moved_total", "Commands that a node of the cluster sent to another one for good.",
                UInt64(counters.moved)),
            self.counter(
                "tollgate_redis_asked_total", "Commands for a slot of the cluster that was on its way.",
                UInt64(counters.asked)),
            self.counter(
                "tollgate_redis_waited_total",
                "Commands that waited for a node to be connected, or for a slot between two nodes.",
                UInt64(counters.waited)),
        ]
    }

    private static func counter(_ name: String, _ help: String, _ value: UInt64) -> MetricFamily {
        MetricFamily(name: name, help: help, kind: .counter, samples: [.init(value: .number(Double(value)))])
    }

    private static func gauge(_ name: String, _ help: String, _ value: Int) -> MetricFamily {
        MetricFamily(name: name, help: help, kind: .gauge, samples: [.init(value: .number(Double(value)))])
    }
}
