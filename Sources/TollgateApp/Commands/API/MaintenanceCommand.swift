import ArgumentParser
import Control

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
        static let example = "maintenance on --allow 192.0.2.0/24"
        static let view = RecordView()
        @Option(help: "A network whose requests pass all the same; repeat for several. None: the list stays.")
        var allow: [String] = []
        func request() -> AdminRequest {
            .put(
                "/v1/system/maintenance",
                [("enabled", true), ("allowed", self.allow.isEmpty ? .null : .texts(self.allow))])
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
