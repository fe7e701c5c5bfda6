import Records

/// Who may call an operation. Operators may call every one.
enum Access: Sendable, Equatable {
    /// Without credentials.
    case anyone
    /// With any token.
    case authenticated
    case operators
    /// Members of the org in the path, with this role or a higher one.
    case members(MembershipRole)
    /// The user in the path.
    case oneself

    /// - Throws: ``AdminProblem``: 404 for what the caller may not even know of, 403 for what its role does not allow.
    func check(_ caller: Caller, path: [String: String]) throws {
        guard case .member(_, let userID, let orgID, let role) = caller else { return }
        switch self {
        case .anyone, .authenticated: return
        case .operators:
            // An org of somebody else does not exist for a member, whatever the operation.
            if let org = path["org"], org != orgID { throw AdminProblem(.resourceNotFound) }
            throw AdminProblem(.insufficientRole, detail: "Only operators may do this.")
        case .oneself:
            guard path["user"] == userID else { throw AdminProblem(.resourceNotFound) }
        case .members(let least):
            guard path["org"] == orgID else { throw AdminProblem(.resourceNotFound) }
            guard role >= least else {
                throw AdminProblem(
                    .insufficientRole,
                    detail: "This needs the role \(least.rawValue); the token's role is \(role.rawValue).")
            }
        }
    }

    /// For the documents.
    var text: String {
        switch self {
        case .anyone: "everybody, without credentials"
        case .authenticated: "every token"
        case .operators: "operators"
        case .members(let role): role == .owner ? "OWNER" : "\(role.rawValue) and above"
        case .oneself: "the user themselves"
        }
    }
}

/// Who calls.
enum Caller: Sendable, Equatable {
    /// Whoever runs the installation. `id` is the token's, or `operator` for the one of the environment.
    case `operator`(id: String)
    case member(tokenID: String, userID: String, orgID: String, role: MembershipRole)

    /// In the audit log.
    var name: String {
        switch self {
        case .operator(let id): id
        case .member(_, let userID, _, _): userID
        }
    }

    var tokenID: String {
        switch self {
        case .operator(let id): id
        case .member(let tokenID, _, _, _): tokenID
        }
    }

    var isOperator: Bool { if case .operator = self { true } else { false } }
    var userID: String? { if case .member(_, let userID, _, _) = self { userID } else { nil } }
    var orgID: String? { if case .member(_, _, let orgID, _) = self { orgID } else { nil } }
    /// nil for operators.
    var role: MembershipRole? { if case .member(_, _, _, let role) = self { role } else { nil } }

    /// Whether it may do what this role may, in its org.
    func has(_ least: MembershipRole) -> Bool { self.role.map { $0 >= least } ?? true }
}
