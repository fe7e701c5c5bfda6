import Domain

/// A request that the admin listener refuses.
struct AdminProblem: Error {
    let code: ProblemCode
    let detail: String?
    /// What is wrong with it, place by place.
    var errors: [FieldError] = []
    /// `Retry-After`, where the code's own is not precise enough.
    var retryAfterSeconds: Int?

    init(_ code: ProblemCode, detail: String? = nil, errors: [FieldError] = [], retryAfterSeconds: Int? = nil) {
        self.code = code
        self.detail = detail
        self.errors = errors
        self.retryAfterSeconds = retryAfterSeconds
    }
}
