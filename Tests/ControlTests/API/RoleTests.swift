import Records
import Testing

@testable import Control

/// Who may do what, for every operation of the table.
struct RoleTests {
    /// A path of the operation with ids that exist for the org, or are of the right form.
    static func path(_ operation: Operation, org: String, ids: [String: String] = [:]) -> String {
        var path = operation.path.replacing("{org}", with: org)
        for name in operation.pathParameters where name != "org" {
            let rule = PathParameters.rules[name]?.rule
            path = path.replacing("{\(name)}", with: ids[name] ?? rule?.example ?? "")
        }
        return path
    }

    /// Nothing is to be changed: conditional changes carry a tag that no record has, others an empty body.
    static func attempt(
        _ operation: Operation, _ world: AdminWorld, as token: String?, path: String
    ) async throws -> AdminAnswered {
        try await world.send(
            "\(operation.method)", path, as: token, operation.body == nil ? nil : .object([]),
            fields: operation.isConditional ? ["If-Match": "\"no-such-version\""] : [:])
    }

    @Test func `every role and operation: what the table allows is let through, everything else refused`()
        async throws
    {
        try await AdminWorld.with { world in
            for operation in AdminAPI.operations {
                for role in MembershipRole.allCases {
                    let path = Self.path(operation, org: world.org.id, ids: ["user": world.userID(role)])
                    let answer = try await Self.attempt(operation, world, as: world.token(role), path: path)
                    let isAllowed =
                        switch operation.access {
                        case .anyone, .authenticated, .oneself: true
                        case .operators: false
                        case .members(let least): role >= least
                        }
                    if isAllowed {
                        #expect(![401, 403].contains(answer.status), "\(role) \(operation.id): \(answer)")
                    } else {
                        #expect(answer.status == 403, "\(role) \(operation.id): \(answer)")
                        #expect(answer.code == "insufficient-role")
                    }
                }
                let path = Self.path(operation, org: world.org.id, ids: ["user": world.userID(.member)])
                let anonymous = try await Self.attempt(operation, world, as: nil, path: path)
                #expect((anonymous.status == 401) == (operation.access != .anyone), "\(operation.id): \(anonymous)")
                let byOperator = try await Self.attempt(operation, world, as: AdminWorld.operatorToken, path: path)
                #expect(![401, 403].contains(byOperator.status), "\(operation.id): \(byOperator)")
            }
        }
    }

    @Test func `every route with another org's id is a 404 for its owner, and with another user's too`() async throws {
        try await AdminWorld.with { world in
            for operation in AdminAPI.operations where operation.pathParameters.contains("org") {
                let path = Self.path(operation, org: world.org.id, ids: ["user": world.userID(.member)])
                let answer = try await Self.attempt(operation, world, as: world.otherOwner.token, path: path)
                #expect(answer.status == 404 && answer.code == "resource-not-found", "\(operation.id): \(answer)")
            }
            for operation in AdminAPI.operations where operation.access == .oneself {
                let path = Self.path(operation, org: "", ids: ["user": world.userID(.owner)])
                let answer = try await Self.attempt(operation, world, as: world.otherOwner.token, path: path)
                #expect(answer.status == 404, "\(operation.id): \(answer)")
            }
        }
    }

    @Test func `another org's records are not reached through one's own org`() async throws {
        try await AdminWorld.with { world in
            let made = try await world.send("POST", "/v1/orgs/\(world.org.id)/keys", ["name": "theirs"])
            let key = try #require(made.json["id"]?.text)
            let token = try await world.send(
                "POST", "/v1/orgs/\(world.org.id)/tokens", ["user_id": .string(world.userID(.member))])
            let ids = [
                "key": key, "token": try #require(token.json["id"]?.text), "user": world.userID(.member),
            ]
            for operation in AdminAPI.operations
            where operation.access != .operators && operation.pathParameters.contains("org")
                && operation.pathParameters.contains(where: { ids[$0] != nil })
            {
                let path = Self.path(operation, org: world.other.id, ids: ids)
                let body: JSON? = operation.body == nil ? nil : operation.id == "putMember" ? ["role": "MEMBER"] : [:]
                let valid: JSON? = operation.id == "updateKey" ? ["name": "x"] : body
                let answer = try await world.send(
                    "\(operation.method)", path, as: world.otherOwner.token, valid)
                #expect(answer.status == 404, "\(operation.id): \(answer)")
            }
            let intact = try await world.send("GET", "/v1/orgs/\(world.org.id)/keys/\(key)")
            #expect(intact.json["status"]?.text == "active" && intact.json["name"]?.text == "theirs")
        }
    }
}
