import Domain
import HTTPWire
import NIOCore

/// A route as one loop uses it: what the file says, and what can be made ready from it once.
final class CompiledRoute {
    let index: Int
    let route: Route
    let pool: UpstreamPool
    let testPool: UpstreamPool
    /// How many endpoints one request tries at most, each within its own time to connect.
    let attemptsMax: Int
    let testAttemptsMax: Int
    let credentials: CredentialSources
    let stripPrefix: [UInt8]
    let addPrefix: [UInt8]
    let preservesHost: Bool
    let needsPrincipal: Bool
    let timeouts: RouteTimeouts
    let idempotency: IdempotencyPolicy?
    /// Methods on which the header is acted on; safe ones never (IK-29).
    private let keyedMethods: Set<Method>
    /// Rules whose quantity is read from the response, with their index in `route.meters`.
    let responseMeters: [MeterRule]
    /// Whether a fixed quantity counted at admission may have to be voided by the answer's status.
    let countsOnlySuccess: Bool
    /// Whether every answer is counted alike, so that nothing of it has to be looked at.
    let countsFixedOnly: Bool
    let costHeader: CostHeader?
    /// How Redis is asked for it.
    let store: StoreAccess

    private static func attempts(_ pool: UpstreamPool) -> Int { max(2, min(pool.endpoints.count, 4)) }

    func honoursKey(of method: Method) -> Bool { self.keyedMethods.contains(method) }

    struct CostHeader {
        let name: [UInt8]
        let otherwise: Int
        let max: Int
    }

    init(index: Int, route: Route, pool: UpstreamPool, testPool: UpstreamPool, store: StoreAccess) {
        self.index = index
        self.store = store
        self.route = route
        self.pool = pool
        self.testPool = testPool
        self.attemptsMax = Self.attempts(pool)
        self.testAttemptsMax = Self.attempts(testPool)
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
        let methods = route.idempotency?.methods ?? []
        self.keyedMethods = Set(Method.allCases.filter { !$0.isSafe && methods.contains("\($0.text)") })
        self.responseMeters = route.meters.compactMap { rule in
            var rule = rule
            switch rule.quantity {
            case .fixed: return nil
            // Compared with names on the wire in lower case.
            case .responseHeader(let name): rule.quantity = .responseHeader(name.lowercased())
            case .jsonPointer, .lastEvent: break
            }
            return rule
        }
        self.countsOnlySuccess = route.meters.contains {
            if case .fixed = $0.quantity { $0.when == .success } else { false }
        }
        self.countsFixedOnly = self.responseMeters.isEmpty && !self.countsOnlySuccess
        if case .header(let name, let otherwise, let max) = route.cost {
            self.costHeader = CostHeader(name: Array(name.lowercased().utf8), otherwise: otherwise, max: max)
        } else {
            self.costHeader = nil
        }
    }
}
