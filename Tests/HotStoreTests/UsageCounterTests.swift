import Domain
import HotStore
import NIOCore
import RedisClient
import TestKit
import Testing

struct UsageCounterTests {
    @Test func `counters are read whole, and forgotten only if they have not grown`() async throws {
        let prefix = "usage-\(UInt64.random(in: 0 ... .max)):"
        let server = try await TestRedis.shared()
        let client = try await HotClient(server, prefix: prefix)
        let usage = UsageCounters(redis: try await server.connect(), keyspace: Keyspace(prefix: prefix))
        let epoch = UsageEpoch("word.01234567")
        let hash = usage.keyspace.meters(org: "o", epoch: epoch)
        let first = Plans.nowMs / UsagePeriod.hourMs
        let told = (first..<first + 3).map { hour in
            UsageCounters.Counter(
                field: UsageField(environment: .live, keyID: "key_1", meter: "jobs", hour: hour), value: 10)
        }
        #expect(try await Self.report(told, hash, client) == 3)
        #expect(try await Self.report(told, hash, client) == 0, "told twice, counted once")
        #expect(usage.keyspace.meters(named: hash)?.orgID == "o")
        #expect(usage.keyspace.meters(named: hash)?.epoch == epoch)

        var dirty = ByteBuffer()
        DirtyCommand.append([hash, "\(prefix)m:{p}:e"], usage.keyspace, into: &dirty)
        #expect(try await client.call(dirty) { $0.integer } == 2)
        #expect(Set(try await usage.takeDirty(max: 10)) == [hash, "\(prefix)m:{p}:e"])
        #expect(try await usage.takeDirty(max: 10).isEmpty)

        var (names, cursor): (Set<String>, String) = ([], "0")
        repeat {
            let step = try await usage.allHashes(from: cursor)
            names.formUnion(step.names)
            cursor = step.cursor
        } while cursor != "0"
        #expect(names == [hash])

        let counters = try await usage.counters(of: hash).sorted { $0.field.hour < $1.field.hour }
        #expect(counters.map(\.field.hour) == [first, first + 1, first + 2])
        #expect(counters.allSatisfy { $0.value == 10 && $0.field.meter == "jobs" && $0.field.keyID == "key_1" })
        #expect(try await Self.report([.init(field: told[0].field, value: 12)], hash, client) == 1)
        #expect(try await usage.forget(Array(counters.prefix(2)), of: hash) == 1, "the first has grown since")
        #expect(try await usage.counters(of: hash).map(\.value).sorted() == [10, 12])
        await usage.redis.close()
        await client.close()
    }

    /// Tells Redis as a gateway does; returns how many counters rose.
    private static func report(
        _ counters: [UsageCounters.Counter], _ hash: String, _ client: HotClient
    ) async throws -> Int64? {
        var command = ByteBuffer()
        ReportCommand.append(counters, meterHash: hash, into: &command)
        return try await client.call(command) { $0.integer }
    }

    @Test(arguments: ["l:key_1:jobs:489916", "t:a:b:c:tokens:1:v", "l::m:0"])
    func `a field is read as it is written`(text: String) throws {
        #expect(try #require(UsageField(text: text)).text == text)
    }

    @Test(arguments: ["", "x:k:m:1", "l:m:1", "l:k:m:x", "l:k:m:", "v"])
    func `what is no field is passed over`(text: String) {
        #expect(UsageField(text: text) == nil)
    }
}
