import Domain

/// Rules between the fields of one route.
enum RouteChecks {
    static func check(_ reader: SettingsReader, _ path: String, _ route: Route) {
        checkPrefix(reader, path, route)
        checkRepeated(reader, "\(path).methods", route.methods)
        checkRepeated(reader, "\(path).hosts", route.hosts)
        if route.authentication == .none {
            checkAnonymous(reader, path, route)
        } else if route.credentials.isEmpty, !reader.hasError(at: "\(path).credentials") {
            reader.report(
                "\(path).credentials",
                Complaint(
                    "a key is needed but may stand nowhere", expected: "bearer, x-api-key or basic",
                    mend: "list one, or set 'authentication: none'"))
        }
        checkIdempotency(reader, path, route)
    }

    /// `strip_prefix` must be whole literal segments at the front of `path`.
    private static func checkPrefix(_ reader: SettingsReader, _ path: String, _ route: Route) {
        guard let prefix = route.stripPrefix, !route.path.isEmpty, !reader.hasError(at: "\(path).strip_prefix") else {
            return
        }
        if route.path != prefix, !route.path.hasPrefix(prefix + "/") {
            reader.report(
                "\(path).strip_prefix",
                Complaint(
                    "the route's path does not start with it", expected: "whole segments from the front of 'path'",
                    mend: "correct one of them, or remove 'strip_prefix'"))
        }
    }

    private static func checkRepeated(_ reader: SettingsReader, _ path: String, _ values: [String]) {
        guard !reader.hasError(at: path) else { return }
        for (index, value) in values.enumerated() where values[..<index].contains(value) {
            reader.report("\(path)[\(index)]", Complaint("listed twice", mend: "remove one of them"))
        }
    }

    /// Without a key there is no org to hold a bucket, a meter or an idempotency key.
    private static func checkAnonymous(_ reader: SettingsReader, _ path: String, _ route: Route) {
        let used = [
            ("scopes", !route.scopes.isEmpty), ("feature", route.feature != nil), ("limits", !route.limits.isEmpty),
            ("concurrency", !route.concurrency.isEmpty), ("meters", !route.meters.isEmpty),
            ("idempotency", route.idempotency != nil), ("test_upstream", route.testUpstream != nil),
        ]
        for (name, isUsed) in used where isUsed {
            reader.report(
                "\(path).\(name)",
                Complaint(
                    "it needs to know the caller, but the route asks for no key",
                    mend: "remove it, or set 'authentication: required'"), showsFound: false)
        }
    }

    private static func checkIdempotency(_ reader: SettingsReader, _ path: String, _ route: Route) {
        guard let policy = route.idempotency, !reader.hasError(at: "\(path).idempotency.methods") else { return }
        let list = "\(path).idempotency.methods"
        for (index, method) in policy.methods.enumerated()
        where !["POST", "PATCH", "PUT", "DELETE"].contains(method) {
            reader.report(
                "\(list)[\(index)]",
                Complaint(
                    "Idempotency-Key has no meaning there", expected: "POST, PATCH, PUT or DELETE", mend: "remove it"))
        }
        guard !route.methods.isEmpty, !reader.hasError(at: "\(path).methods"), !reader.hasError(at: list) else {
            return
        }
        if Set(policy.methods).isDisjoint(with: route.methods) {
            reader.report(
                list,
                Complaint(
                    "none of them is a method of the route", expected: "a method that the route takes",
                    mend: "list one, or remove 'idempotency'"))
        }
    }
}
