import Hummingbird
import NIOCore

/// `/healthz`: this process runs. `/readyz`: it may get traffic, and if not, why.
struct HealthRoutes {
    let sources: AdminSources

    func add(to router: Router<AdminContext>) {
        let sources = self.sources
        router.get("/healthz") { _, _ in AdminAnswer.text("ok\n", type: "text/plain; charset=utf-8") }
        router.get("/readyz") { _, _ in
            let report = ReadinessReport(checks: await sources.checks())
            return AdminAnswer.json(report.json, status: report.httpStatus)
        }
    }
}
