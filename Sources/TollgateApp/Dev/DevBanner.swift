import Domain

/// What `tollgate dev` says when it is ready: where everything is, and lines to paste.
struct DevBanner {
    let environment: DemoEnvironment
    let environmentPath: String
    let configuration: Configuration
    let program: String
    /// The slug of the org whose keys the environment holds.
    let org: String

    /// The text. Lines to paste begin with two spaces; scripts may take them from here.
    var text: String {
        """

        Tollgate is ready at \(self.environment.url) (admin \(self.environment.adminURL), PID \(self.environment.pid ?? 0)).
        Ctrl-C stops everything and keeps the data. In another terminal, in this folder:

          . \(self.environmentPath)

        A gated request: who is it, may they, what does it cost; then the job service answers
          \(self.submit(key: "demo-$RANDOM$RANDOM"))

        The same request twice with one Idempotency-Key: the second answer is a replay, and one job was made
          K=replay-$RANDOM$RANDOM; for i in 1 2; do \(self.submit(key: "$K")); echo; done

        More requests than the plan allows: the statuses, and how often each came (429 is the limit)
          \(self.flood)

        What this key used, by meter (requests that were refused or replayed are not counted)
          \(self.program) usage --key "$TOLLGATE_KEY_ID"

        What the demo's records hold: orgs, people, jobs, deliveries; all of it is in the admin API (docs/admin-api.md)
          \(self.program) orgs list
          \(self.program) users list
          \(self.program) jobs list --org \(self.org)
          \(self.program) webhooks deliveries --org \(self.org)

        Health and metrics
          curl -s "$TOLLGATE_ADMIN_URL/readyz"
          curl -s "$TOLLGATE_ADMIN_URL/metrics"

        """
    }

    private func submit(key: String) -> String {
        """
        curl -si "$TOLLGATE_URL/v1/jobs" -H "Authorization: Bearer $TOLLGATE_KEY" -H "Idempotency-Key: \(key)" \
        -H 'Content-Type: application/json' -d '{"type":"count","input":{"text":"to be or not to be"}}'
        """
    }

    private var flood: String {
        let (path, count) = self.tightest
        return """
            curl -s -o /dev/null -w '%{http_code}\\n' "$TOLLGATE_URL\(path)?n=[1-\(count)]" \
            -H "Authorization: Bearer $TOLLGATE_KEY" | sort | uniq -c
            """
    }

    /// The route that can be read with the smallest bucket, and enough requests in one go to empty it.
    private var tightest: (path: String, count: Int) {
        let plan = self.configuration.plan(DemoRecords.plan)
        let shared = self.configuration.limits + (plan?.limits ?? [])
        let readable = self.configuration.routes.filter { route in
            let isPlain = !route.path.contains("{") && !route.path.contains("*")
            return isPlain && (route.methods.isEmpty || route.methods.contains("GET"))
        }
        let capacities = readable.map { route in
            (path: route.path, capacity: (shared + route.limits).map(\.capacity).min() ?? 100)
        }
        guard let found = capacities.min(by: { $0.capacity < $1.capacity }) else { return ("/", 100) }
        // A bucket refills while it is being emptied.
        return (found.path, min(5_000, found.capacity * 2 + 2))
    }
}
