import Domain
import HTTPWire
import HotStore
import Logging
import NIOCore
import RedisClient

/// What one principal may do on one route, worked out once: the gates' verdict, and the admission call encoded but for
/// what differs from request to request.
final class RouteGrant {
    /// Why the principal may not use the route; nil if it may.
    let refusal: ProblemCode?
    let template: AdmissionTemplate?
    /// How Redis is asked for it.
    let store: StoreAccess
    /// The buckets in the order of the script's reply, and as they are advertised.
    let rules: [BucketRule]
    let policies: [RateLimitPolicy]
    /// Whether requests that are alike may be decided by one call.
    let isShareable: Bool
    /// What a request costs that does not say; nil where the limits cannot be counted.
    let cost: Int?
    /// Whether its requests hold leases, to be given back at their end.
    let hasLeases: Bool
    /// Whether some addresses have a plan of their own.
    let hasAddressesApart: Bool
    /// What Redis said last of the plan's quotas, for decisions without it.
    var quotaUsed: [Int] = []
    /// Where what this principal uses on the route is counted.
    private(set) var cells: [UsageCell] = []
    /// The same for what every request counts, ready to be added to.
    var fixedUse = FixedUse()
    /// Requests that wait for the next shared call, and calls under way.
    var gathering: AdmissionBatch?
    var underWay = 0

    init(_ principal: Principal, route: CompiledRoute, loop: EdgeLoop, address: String? = nil) {
        var refusal = Self.refusal(principal, route.route, loop.configuration)
        let plan: AdmissionPlan?
        do throws(BucketRuleError) {
            plan = try AdmissionPlan(
                principal, route: route.route, configuration: loop.configuration, address: address)
        } catch {
            // Validation refuses such limits in files; this one came from a record.
            loop.logger.error(
                "a limit cannot be counted exactly",
                metadata: ["org": "\(principal.org.orgID)", "route": "\(route.route.id)", "error": "\(error)"])
            plan = nil
            refusal = .internalError
        }
        self.refusal = refusal
        self.store = route.store
        let rules = plan?.groups.flatMap(\.rules) ?? []
        self.rules = rules
        self.policies = rules.compactMap {
            RateLimitPolicy(name: $0.name.utf8.span, capacity: $0.capacity, refill: $0.refill, periodMs: $0.periodMs)
        }
        self.cost = plan?.cost
        self.hasLeases = plan.map { !$0.leases.isEmpty } ?? false
        self.hasAddressesApart = plan.map { !$0.addressesApart.isEmpty } ?? false
        self.isShareable = plan.map { $0.leases.isEmpty && !$0.needsAddress } ?? false
        self.template = plan.map {
            AdmissionTemplate(
                $0, versionTag: principal.versionTag, keyspace: loop.keyspace, period: loop.period)
        }
    }

    /// Keeps a cell; those of the same meter from earlier hours or journals make room.
    func remember(_ cell: UsageCell) {
        if let old = self.cells.firstIndex(where: { $0.meter == cell.meter }) {
            self.cells[old] = cell
        } else {
            self.cells.append(cell)
        }
    }

    private static func refusal(_ principal: Principal, _ route: Route, _ configuration: Configuration) -> ProblemCode?
    {
        for scope in route.scopes where !principal.key.scopes.contains(scope) && !principal.key.scopes.contains("*") {
            return .insufficientScope
        }
        guard let feature = route.feature else { return nil }
        if principal.org.featuresOff.contains(feature) { return .featureNotAvailable }
        if principal.org.featuresOn.contains(feature) { return nil }
        let granted = configuration.grants(of: principal.org)?.features.contains(feature) ?? false
        return granted ? nil : .featureNotAvailable
    }
}
