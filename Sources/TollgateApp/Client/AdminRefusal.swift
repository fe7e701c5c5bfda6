import Control

/// A problem document as a failure of the command.
enum AdminRefusal {
    static func failure(_ status: Int, _ text: String) -> CommandFailure {
        let problem = try? JSONParser.parse(Array(text.utf8))
        let title = problem?["title"]?.text ?? "The server answered \(status)"
        var message = "\(title) (\(problem?["code"]?.text ?? String(status)))"
        if let detail = problem?["detail"]?.text { message += ": \(detail)" }
        for place in problem?["errors"]?.elements ?? [] {
            let name = ["pointer", "parameter", "header"].lazy.compactMap { place[$0]?.text }.first ?? ""
            message += "\n  \(name): \(place["detail"]?.text ?? "")"
        }
        if let request = problem?["request_id"]?.text { message += "\n  request: \(request)" }
        return CommandFailure(message, hint: Self.hint(status), status: Self.status(status))
    }

    private static func hint(_ status: Int) -> String? {
        switch status {
        case 401: "The token comes from TOLLGATE_ADMIN_TOKEN or --token-file; see: tollgate admin token create"
        case 429: "Wait a moment."
        default: nil
        }
    }

    private static func status(_ status: Int) -> ExitStatus {
        switch status {
        case 401, 403: .denied
        case 404: .notFound
        case 502, 503, 504: .unreachable
        default: .failure
        }
    }
}
