import ArgumentParser
import Control
import PostgresClient

/// `tollgate maintenance`
struct MaintenanceCommand: AsyncParsableCommand {
    static let configuration = APIGroup.configuration(
        "maintenance", "Maintenance mode, and what the system counts.",
        examples: ["maintenance status", "maintenance on --allow 192.0.2.0/24", "maintenance off"],
        [APICommand<Status>.self, APICommand<On>.self, APICommand<Off>.self])

    struct Status: APIOptions {
        static let name = "status"
        static let abstract = "Whether requests are refused, and the system's counters."
        static let example = "maintenance status"
        static let view = RecordView()
        func request() -> AdminRequest { .get("/v1/system") }
    }

    struct On: APIOptions {
        static let name = "on"
        static let abstract = "Refuse requests with 503 until it is switched off."
        static let example = "maintenance on --for 30m --allow 192.0.2.0/24"
        static let view = RecordView()
        @Option(help: "A network whose requests pass all the same; repeat for several. None: the list stays.")
        var allow: [String] = []
        @Option(name: .customLong("for"), help: "How long it is expected to take, such as 30m: what Retry-After says.")
        var duration: DurationArgument?
        func request() -> AdminRequest {
            let end = self.duration.map { InstantText.full(PostgresInstant.now.advanced(by: $0.duration)) }
            return .put(
                "/v1/system/maintenance",
                [
                    ("enabled", true), ("allowed", self.allow.isEmpty ? .null : .texts(self.allow)),
                    ("expected_end", .text(end)),
                ])
        }
    }

    struct Off: APIOptions {
        static let name = "off"
        static let abstract = "Serve again."
        static let example = "maintenance off"
        static let view = RecordView()
        func request() -> AdminRequest { .put("/v1/system/maintenance", [("enabled", false)]) }
    }
}
