import Domain
import Foundation
import Testing

@testable import Settings

@Suite struct DefaultsTests {
    @Test func `config/tollgate.yaml is what the schema renders to`() throws {
        let file = Files.repository.appending(path: "config/tollgate.yaml")
        #expect(try Files.golden(file, Settings.defaultsFile()) == Settings.defaultsFile(), "run with UPDATE_GOLDEN=1")
    }

    @Test func `docs/config.md is what the schema renders to`() throws {
        let file = Files.repository.appending(path: "docs/config.md")
        #expect(try Files.golden(file, Settings.reference()) == Settings.reference(), "run with UPDATE_GOLDEN=1")
    }

    @Test func `the values of config/tollgate.yaml are the defaults of the code`() throws {
        let text = try Files.read("config/tollgate.yaml")
        #expect(try Settings.parse(text, file: "tollgate.yaml", environment: [:]).get() == Configuration())
    }

    @Test func `an empty file is the defaults`() throws {
        for text in ["", "\n", "# nothing\n", "---\n", "{}\n", "edge: {}\nroutes: []\n"] {
            #expect(try Settings.parse(text, file: "f", environment: [:]).get() == Configuration())
        }
    }

    @Test func `the examples in config/tollgate.yaml are entries at their defaults`() throws {
        let parsed = try Settings.parse(uncommented(), file: "tollgate.yaml", environment: [:]).get()
        let burst = Limit(name: "burst", scope: .key, capacity: 20, refill: 100, periodMs: 60_000)
        let inFlight = ConcurrencyLimit(name: "in-flight", scope: .org, max: 50)
        var expected = Configuration()
        expected.edge.addressLimit = Limit(name: "address", scope: .ip, capacity: 200, refill: 100, periodMs: 1_000)
        expected.limits = [burst]
        var plan = Plan(code: "FREE", name: "Free")
        plan.limits = [burst]
        plan.quotas = [Quota(meter: "requests", perMonth: 100_000)]
        plan.concurrency = [inFlight]
        expected.plans = [plan]
        expected.upstreams = [Upstream(name: "jobs", endpoints: [ListenAddress(host: "127.0.0.1", port: 9_090)])]
        var route = Route(id: "jobs-create", path: "/v1/jobs", upstream: "jobs")
        route.limits = [burst]
        route.concurrency = [inFlight]
        route.meters = [MeterRule(meter: "requests", quantity: .fixed(1))]
        route.idempotency = IdempotencyPolicy()
        expected.routes = [route]
        #expect(parsed == expected)
    }

    @Test func `every field of every record stands in config/tollgate.yaml`() throws {
        let text = try uncommented()
        for field in fields(of: Schema.configuration().description) where field.name != "header" {
            #expect(text.contains("\(field.name):"), "\(field.name)")
        }
    }

    /// A property that no field stands for could never be set.
    @Test func `every property of the configuration has a field`() {
        func count<Root>(_ record: Record<Root>, _ value: Any, twoInOne: Int = 0) {
            #expect(record.fields.count == Mirror(reflecting: value).children.count - twoInOne, "\(record.title)")
        }
        count(Schema.configuration(), Configuration())
        count(Schema.edge(), EdgeSettings())
        count(Schema.keyCache(), KeyCacheSettings())
        count(Schema.admin(), AdminSettings())
        count(Schema.redis(), RedisSettings())
        count(Schema.postgres(), PostgresSettings())
        count(Schema.journal(), JournalSettings())
        count(Schema.keys(), KeySettings())
        count(Schema.errors(), ErrorSettings())
        count(Schema.logging(), LoggingSettings())
        count(Schema.workers(), WorkerSettings())
        count(Schema.limit(), Schema.limit().sample(), twoInOne: 1)
        count(Schema.concurrency(), Schema.concurrency().sample())
        count(Schema.quota(), Schema.quota().sample())
        count(Schema.plan(), Schema.plan().sample())
        count(Schema.upstream(), Schema.upstream().sample())
        count(Schema.route(), Schema.route().sample())
        count(Schema.timeouts(), RouteTimeouts())
        count(Schema.idempotency(), IdempotencyPolicy())
    }

    @Test func `every field says what it is for in a sentence`() {
        for field in fields(of: Schema.configuration().description) {
            #expect(field.summary.hasSuffix(".") && field.summary.count > 8, "\(field.name)")
            #expect(field.name.allSatisfy { $0.isLowercase || $0.isNumber || $0 == "_" }, "\(field.name)")
        }
    }

    /// The file with its examples switched on: lines of examples have two spaces or more behind the hash.
    private func uncommented() throws -> String {
        let lines = try Files.read("config/tollgate.yaml").split(separator: "\n", omittingEmptySubsequences: false)
        var result: [String] = []
        var isInside = false
        for line in lines {
            let indent = line.prefix { $0 == " " }
            let rest = line.dropFirst(indent.count)
            guard rest.hasPrefix("#  ") else {
                isInside = false
                result.append(String(line))
                continue
            }
            // The line with the empty value stands two above the first of its example.
            if !isInside, let empty = result.indices.dropLast().last, let colon = result[empty].lastIndex(of: ":") {
                result[empty] = String(result[empty][...colon])
            }
            isInside = true
            result.append(indent + " " + rest.dropFirst())
        }
        return result.joined(separator: "\n")
    }

    private func fields(of record: RecordDescription) -> [FieldDescription] {
        record.fields.flatMap { [$0] + ($0.record.map { fields(of: $0) } ?? []) }
    }
}
