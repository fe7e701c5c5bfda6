import Domain
import HTTPWire
import NIOCore

/// A route as one loop uses it: what the file says, and what can be made ready from it once.
final class CompiledRoute {
    let index: Int
    let route: Route
    let pool: UpstreamPool
    let testPool: UpstreamPool
    let credentials: CredentialSources
    let stripPrefix: [UInt8]
    let addPrefix: [UInt8]
    let preservesHost: Bool
    let needsPrincipal: Bool
    /// Whether admission decides anything for a request without a principal.
    let timeouts: RouteTimeouts
    let idempotency: IdempotencyPolicy?
    /// Methods on which the header is acted on, as parsed methods.
    let keyedMethods: [[UInt8]]
    /// Rules whose quantity is read from the response, with their index in `route.meters`.
    let responseMeters: [MeterRule]
    /// Whether a fixed quantity counted at admission may have to be voided by the answer's status.
    let countsOnlySuccess: Bool
    let hasLeases: Bool
    let hasAddressLimits: Bool
    let costHeader: CostHeader?

    struct CostHeader {
        let name: [UInt8]
        let otherwise: Int
        let max: Int
    }

    init(index: Int, route: Route, pool: UpstreamPool, testPool: UpstreamPool, configuration: Configuration) {
        self.index = index
        self.route = route
        self.pool = pool
        self.testPool = testPool
        var accepted: CredentialSources = []
        for credential in route.credentials {
            switch credential {
            case .bearer: accepted.insert(.bearer)
            case .apiKey: accepted.insert(.apiKeyHeader)
            case .basic: accepted.insert(.basic)
            }
        }
        self.credentials = accepted
        self.stripPrefix = Array((route.stripPrefix ?? "").utf8)
        self.addPrefix = Array((route.addPrefix ?? "").utf8)
        self.preservesHost = route.hostPolicy == .preserve
        self.needsPrincipal = route.authentication == .required
        self.timeouts = route.timeouts
        self.idempotency = route.idempotency
        self.keyedMethods = (route.idempotency?.methods ?? []).map { Array($0.utf8) }
        self.responseMeters = route.meters.filter { if case .fixed = $0.quantity { false } else { true } }
        self.countsOnlySuccess = route.meters.contains {
            if case .fixed = $0.quantity { $0.when == .success } else { false }
        }
        let planLeases = configuration.plans.contains { !$0.concurrency.isEmpty }
        self.hasLeases = planLeases || !route.concurrency.isEmpty
        let limits = configuration.limits + route.limits + configuration.plans.flatMap(\.limits)
        self.hasAddressLimits = limits.contains { $0.scope == .ip }
        if case .header(let name, let otherwise, let max) = route.cost {
            self.costHeader = CostHeader(name: Array(name.lowercased().utf8), otherwise: otherwise, max: max)
        } else {
            self.costHeader = nil
        }
    }
}
