import Domain

/// Rules between parts of the file that are far from one another. They run after everything was read, and leave alone
/// what is already known to be wrong.
struct CrossChecks {
    let reader: SettingsReader
    let configuration: Configuration

    func run() {
        checkUnique(configuration.plans.map(\.code), list: "plans", field: "code")
        checkUnique(configuration.upstreams.map(\.name), list: "upstreams", field: "name")
        checkUnique(configuration.routes.map(\.id), list: "routes", field: "id")
        checkLimits()
        checkLimitCounts()
        checkUpstreams()
        checkQuotas()
        checkFeatures()
        checkCosts()
        checkListeners()
        checkSame()
    }

    private func checkUnique(_ names: [String], list: String, field: String) {
        guard isComplete(list, names.count) else { return }
        var first: [String: Int] = [:]
        for (index, name) in names.enumerated() where !name.isEmpty {
            guard let other = first[name] else {
                first[name] = index
                continue
            }
            let line = reader.places["\(list)[\(other)].\(field)"]?.line ?? 0
            reader.report(
                "\(list)[\(index)].\(field)",
                Complaint("used before, in line \(line)", expected: "another \(field)", mend: "rename one of them"))
        }
    }

    /// Whether every entry of a list in the file was kept, so that positions are those of the file.
    private func isComplete(_ list: String, _ count: Int) -> Bool { reader.places["\(list)[\(count)]"] == nil }

    /// A name and scope may occur once among the limits of one source, and once among its caps.
    private func checkLimits() {
        checkLimits(configuration.limits, configuration.limits.map(\.scope), at: "limits", name: \.name)
        for (index, plan) in configuration.plans.enumerated() where isComplete("plans", configuration.plans.count) {
            checkLimits(plan.limits, plan.limits.map(\.scope), at: "plans[\(index)].limits", name: \.name)
            checkLimits(
                plan.concurrency, plan.concurrency.map(\.scope), at: "plans[\(index)].concurrency", name: \.name)
            checkLimits(plan.quotas, plan.quotas.map { _ in .org }, at: "plans[\(index)].quotas", name: \.meter)
        }
        for (index, route) in configuration.routes.enumerated() where isComplete("routes", configuration.routes.count) {
            checkLimits(route.limits, route.limits.map(\.scope), at: "routes[\(index)].limits", name: \.name)
            checkLimits(
                route.concurrency, route.concurrency.map(\.scope), at: "routes[\(index)].concurrency", name: \.name)
        }
    }

    /// More buckets of one scope than one admission can decide together.
    private func checkLimitCounts() {
        guard isComplete("plans", configuration.plans.count), isComplete("routes", configuration.routes.count) else {
            return
        }
        checkCount(configuration.limits, at: "limits")
        for (index, plan) in configuration.plans.enumerated() where !plan.limits.isEmpty {
            checkCount(configuration.limits + plan.limits, at: "plans[\(index)].limits")
        }
        for (index, route) in configuration.routes.enumerated() {
            checkCount(route.limits, at: "routes[\(index)].limits")
        }
    }

    private func checkCount(_ limits: [Limit], at list: String) {
        for scope in LimitScope.allCases where limits.count(where: { $0.scope == scope }) > BucketGroup.bucketsMax {
            reader.report(
                list,
                Complaint(
                    "too many limits of scope \(scope.rawValue), those of the whole file included",
                    expected: "\(BucketGroup.bucketsMax) at most", mend: "remove some"))
        }
    }

    private func checkLimits<Entry>(
        _ entries: [Entry], _ scopes: [LimitScope], at list: String, name: (Entry) -> String
    ) {
        guard isComplete(list, entries.count) else { return }
        var seen: [String: Int] = [:]
        for (index, entry) in entries.enumerated() where !name(entry).isEmpty {
            let key = "\(scopes[index].rawValue) \(name(entry))"
            guard let other = seen[key] else {
                seen[key] = index
                continue
            }
            let line = reader.places["\(list)[\(other)]"]?.line ?? 0
            reader.report(
                "\(list)[\(index)]",
                Complaint(
                    "the same name and scope as in line \(line)", expected: "one of each name and scope",
                    mend: "rename or remove one of them"), showsFound: false)
        }
    }

    private func checkUpstreams() {
        let known = configuration.upstreams.indices.map { reader.display(at: "upstreams[\($0)].name") }
        let names = Set(configuration.upstreams.map(\.name))
        guard isComplete("upstreams", configuration.upstreams.count), !names.contains(""),
            isComplete("routes", configuration.routes.count)
        else { return }
        for (index, route) in configuration.routes.enumerated() {
            for (field, name) in [("upstream", route.upstream), ("test_upstream", route.testUpstream ?? "")]
            where !name.isEmpty && !names.contains(name) {
                let nearest = NearestName.find(name, among: configuration.upstreams.map(\.name))
                let position = configuration.upstreams.firstIndex { $0.name == nearest }
                reader.report(
                    "routes[\(index)].\(field)",
                    Complaint(
                        "there is no upstream of this name",
                        expected: known.isEmpty
                            ? "an upstream; the file has none" : "one of " + known.joined(separator: ", "),
                        mend: position.map { "write \(known[$0])" } ?? "add it to 'upstreams'"))
            }
        }
    }

    private func checkQuotas() {
        guard isComplete("plans", configuration.plans.count), !reader.hasError(at: "routes") else { return }
        let meters = Set(configuration.routes.flatMap(\.meters).map(\.meter))
        for (planIndex, plan) in configuration.plans.enumerated() {
            for (index, quota) in plan.quotas.enumerated()
            where isComplete("plans[\(planIndex)].quotas", plan.quotas.count) {
                guard !quota.meter.isEmpty, !meters.contains(quota.meter) else { continue }
                reader.report(
                    "plans[\(planIndex)].quotas[\(index)].meter",
                    Complaint(
                        "no route counts this meter, so the quota could never be used up",
                        expected: "a meter that a route counts",
                        mend: "correct the name, or count it in the 'meters' of a route"))
            }
        }
    }

    /// A feature that no plan has may still be switched on for an org; a near miss is more likely a typing error.
    private func checkFeatures() {
        let known = Array(Set(configuration.plans.flatMap(\.features))).sorted()
        guard isComplete("routes", configuration.routes.count), !reader.hasError(at: "plans") else { return }
        for (index, route) in configuration.routes.enumerated() {
            guard let feature = route.feature, !known.contains(feature),
                NearestName.find(feature, among: known) != nil
            else { continue }
            reader.report(
                "routes[\(index)].feature",
                Complaint("no plan has this feature, but one of almost the same name", mend: "correct one of them"))
        }
    }

    /// A fixed cost above a bucket's capacity would refuse every request of the route with 422.
    private func checkCosts() {
        guard isComplete("routes", configuration.routes.count), !reader.hasError(at: "limits") else { return }
        for (index, route) in configuration.routes.enumerated() {
            guard case .fixed(let cost) = route.cost else { continue }
            let smallest = (configuration.limits + route.limits).filter { $0.unit == .cost }.map(\.capacity).min()
            guard let smallest, cost > smallest, !reader.hasError(at: "routes[\(index)]") else { continue }
            reader.report(
                "routes[\(index)].cost",
                Complaint(
                    "more than a bucket of this route can hold, so that every request would be refused",
                    expected: "at most the capacity of each limit of unit 'cost'",
                    mend: "lower the cost, or raise the limit's capacity"))
        }
    }

    private func checkListeners() {
        let (edge, admin) = (configuration.edge.listen, configuration.admin.listen)
        let isWild = [edge.host, admin.host].contains { $0 == "0.0.0.0" || $0 == "::" }
        guard edge.port != 0, edge.port == admin.port, edge.host == admin.host || isWild else { return }
        guard !reader.hasError(at: "edge.listen"), !reader.hasError(at: "admin.listen") else { return }
        let path = reader.places["admin.listen"] != nil ? "admin.listen" : "edge.listen"
        reader.report(
            path,
            Complaint(
                "edge and admin would listen at the same place", expected: "two ports, or two addresses",
                mend: "give one of them another port"))
    }

    /// A route that can never be reached, because an earlier one takes the same hosts, path and methods.
    private func checkSame() {
        guard isComplete("routes", configuration.routes.count), !reader.hasError(at: "routes") else { return }
        var first: [String: Int] = [:]
        for (index, route) in configuration.routes.enumerated() {
            guard let pattern = try? RoutePattern(route.path) else { continue }
            let segments = pattern.segments.map { segment in
                switch segment {
                case .literal(let bytes): String(decoding: bytes, as: UTF8.self)
                case .parameter: "{}"
                }
            }
            let path = segments.joined(separator: "/") + (pattern.matchesBelow ? "/**" : "")
            let key = "\(route.hosts.sorted()) \(route.methods.sorted()) \(path)"
            guard let other = first[key] else {
                first[key] = index
                continue
            }
            let line = reader.places["routes[\(other)]"]?.line ?? 0
            reader.report(
                "routes[\(index)].path",
                Complaint(
                    "never reached: the route in line \(line) takes the same hosts, methods and path",
                    mend: "remove one of the routes, or change what it takes"))
        }
    }
}
