import Domain

/// A request that the admin listener refuses.
struct AdminProblem: Error {
    let code: ProblemCode
    let detail: String?

    init(_ code: ProblemCode, detail: String? = nil) {
        self.code = code
        self.detail = detail
    }
}
