import HTTPTypes
import Hummingbird

/// Who a request comes from, as the edge says. The edge removes these fields from what clients send, and nobody but
/// the edge may reach this service.
struct Caller: Sendable, Hashable {
    var tenant: Tenant
    var apiKeyID: String?

    /// - Throws: ``Problem`` where the edge names no org, or an environment that does not exist.
    init(_ headers: HTTPFields) throws(Problem) {
        guard let org = headers[.tollgateOrg], !org.isEmpty else {
            throw Problem(
                .credentialsMissing,
                "The request names no organisation: send it through the gateway, which adds X-Tollgate-Org.")
        }
        let environment = headers[.tollgateEnvironment] ?? "live"
        guard Tenant.environments.contains(environment) else {
            let expected = "expected one of: " + Tenant.environments.joined(separator: ", ")
            throw Problem(
                .invalidRequest, "The environment is not known.",
                errors: [FieldProblem(place: .header("X-Tollgate-Environment"), detail: expected)])
        }
        self.tenant = Tenant(orgID: org, environment: environment)
        self.apiKeyID = headers[.tollgateKey].flatMap { $0.isEmpty ? nil : $0 }
    }
}
