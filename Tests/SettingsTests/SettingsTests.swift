import Domain
import Foundation
import FoundationEssentials
import Settings
import Testing

@Suite struct SettingsTests {
    let demoEnvironment = [
        "TOLLGATE_REDIS": "unix:///run/demo/redis.sock", "TOLLGATE_DATABASE_URL": "postgresql://demo:secret@h/tollgate",
        "TOLLGATE_EDGE_PORT": "18080",
    ]

    func demo() throws -> Configuration {
        try Settings.load(
            path: Files.repository.appending(path: "config/demo.yaml").path(), environment: demoEnvironment
        )
        .get()
    }

    @Test func `the demo's file loads with ports and stores of the environment`() throws {
        let demo = try demo()
        #expect(demo.edge.listen == ListenAddress(host: "0.0.0.0", port: 18_080))
        #expect(demo.admin.listen == ListenAddress(host: "127.0.0.1", port: 8_081))
        #expect(try demo.redis.endpoint() == RedisEndpoint(address: .unix(path: "/run/demo/redis.sock")))
        #expect(demo.upstreams.first?.endpoints == [ListenAddress(host: "127.0.0.1", port: 9_090)])
        #expect(demo.plans.map(\.code) == ["FREE", "PRO", "ENTERPRISE"])
        let trickle = demo.routes.first { $0.id == "limited" }?.limits
        #expect(trickle == [Limit(name: "trickle", scope: .key, capacity: 3, refill: 1, periodMs: 10_000)])
        #expect(demo.routes.first { $0.id == "jobs-events" }?.timeouts.idleMs == 300_000)
        let create = demo.routes.first { $0.id == "jobs-create" }
        #expect(create?.idempotency == IdempotencyPolicy())
        #expect(
            create?.meters == [
                MeterRule(meter: "requests", quantity: .fixed(1)),
                MeterRule(meter: "jobs", quantity: .fixed(1), when: .success),
                MeterRule(meter: "units", quantity: .responseHeader("x-job-units"), when: .success),
            ])
    }

    @Test func `without its environment the demo's file names what is missing`() {
        let path = Files.repository.appending(path: "config/demo.yaml").path()
        guard case .failure(let errors) = Settings.load(path: path, environment: [:]) else {
            Issue.record("accepted")
            return
        }
        #expect(errors.errors.map(\.path) == ["redis.url", "postgres.url"])
        #expect(errors.description.contains("TOLLGATE_DATABASE_URL"))
    }

    @Test func `what is printed loads as the same configuration, secrets apart`() throws {
        var demo = try demo()
        demo.errors.documentationURL = "https://example.com/a?b=$c"
        demo.edge.addressLimit = Limit(name: "address", scope: .ip, capacity: 5, refill: 1, periodMs: 250)
        demo.routes[0].cost = .header(name: "x-cost", otherwise: 2, max: 9)
        demo.routes[0].hosts = ["*.example.com", "[::1]"]
        demo.routes[1].meters.append(MeterRule(meter: "tokens", quantity: .lastEvent("/usage/~0total")))
        let printed = Settings.printed(demo)
        #expect(!printed.contains("secret") && printed.contains("postgresql://demo:***@h/tollgate"))
        demo.postgres.url = "postgresql://demo:***@h/tollgate"
        #expect(try Settings.parse(printed, file: "printed", environment: [:]).get() == demo)
    }

    @Test func `every mistake of a file is reported at once, in the order of its lines`() {
        let text = """
            edge: {threds: 2, listen: here}
            keys: {brand: X}
            routes:
              - {id: Bad Id, path: nowhere, upstream: none}
              - {id: ok, path: /x}
            """
        guard case .failure(let errors) = Settings.parse(text, file: "f.yaml", environment: [:]) else {
            Issue.record("accepted")
            return
        }
        #expect(
            errors.errors.map { "\($0.line) \($0.path)" } == [
                "1 edge.threds", "1 edge.listen", "2 keys.brand", "4 routes[0].id", "4 routes[0].path",
                "4 routes[0].upstream", "5 routes[1]",
            ])
    }

    @Test func `aliases are understood`() throws {
        let text = """
            limits: [&burst {name: burst, scope: key, capacity: 2, refill: 1/s}]
            plans: [{code: FREE, name: Free, limits: [*burst]}]
            """
        let configuration = try Settings.parse(text, file: "f", environment: [:]).get()
        #expect(configuration.plans.first?.limits == configuration.limits)
    }
}
