import Domain
import HTTPWire
import HotStore
import RedisClient

/// What one principal may do on one route, worked out once: the gates' verdict, and the admission call encoded but for
/// what differs from request to request.
final class RouteGrant {
    /// Why the principal may not use the route; nil if it may.
    let refusal: ProblemCode?
    let template: AdmissionTemplate
    /// The buckets as they are advertised, in the order of the script's reply.
    let policies: [RateLimitPolicy]
    /// Requests that wait for the next shared call, and calls under way.
    var gathering: AdmissionBatch?
    var underWay = 0

    init(_ principal: Principal, route: CompiledRoute, loop: EdgeLoop) {
        self.refusal = Self.refusal(principal, route.route, loop.configuration)
        let plan = AdmissionPlan(principal: principal, route: route.route, configuration: loop.configuration)
        self.template = AdmissionTemplate(
            plan, principal: principal, keyspace: loop.keyspace, serverRunID: loop.link.serverRunID ?? "", wallMs: loop.wallMs)
        self.policies = plan.buckets.compactMap {
            RateLimitPolicy(name: $0.name.utf8.span, capacity: $0.capacity, refill: $0.refill, periodMs: $0.periodMs)
        }
    }

    private static func refusal(_ principal: Principal, _ route: Route, _ configuration: Configuration) -> ProblemCode? {
        for scope in route.scopes where !principal.key.scopes.contains(scope) && !principal.key.scopes.contains("*") {
            return .insufficientScope
        }
        guard let feature = route.feature else { return nil }
        if principal.org.featuresOff.contains(feature) { return .featureNotAvailable }
        if principal.org.featuresOn.contains(feature) { return nil }
        let granted = configuration.plan(principal.org.plan)?.features.contains(feature) ?? false
        return granted ? nil : .featureNotAvailable
    }
}
