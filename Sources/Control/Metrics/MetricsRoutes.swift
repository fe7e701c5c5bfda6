import HTTPTypes
import Hummingbird

/// `/metrics`, in the format that the scraper asks for.
struct MetricsRoutes {
    let sources: AdminSources

    func add(to router: Router<AdminContext>) {
        let sources = self.sources
        router.get("/metrics") { request, _ in
            let format = ExpositionFormat.negotiated(accept: request.headers[.accept])
            return AdminAnswer.text(
                Exposition.render(await sources.metrics(), as: format), type: format.contentType)
        }
    }
}
