import Domain
import Hummingbird

/// `/problems` and `/problems/{slug}`: what each problem's `type` means (STANDARDS §3, PD-4).
struct ProblemRoutes {
    let errors: ErrorSettings

    func add(to router: Router<AdminContext>) {
        let pages = ProblemPages(baseURI: self.errors.baseURI)
        router.get("/") { _, _ in AdminAnswer.page(pages.index) }
        router.get("/problems") { _, _ in AdminAnswer.page(pages.index) }
        router.get("/problems/:slug") { _, context in
            let slug = try context.parameters.require("slug")
            guard let code = ProblemCode.allCases.first(where: { $0.slug == slug }) else {
                throw AdminProblem(.resourceNotFound, detail: "There is no problem with this slug; see /problems.")
            }
            return AdminAnswer.page(pages.page(for: code))
        }
    }
}
