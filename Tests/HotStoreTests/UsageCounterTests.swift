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
        try await client.publish("o", tag: Plans.tag)
        let usage = UsageCounters(redis: try await server.connect(), keyspace: Keyspace(prefix: prefix))
        let plan = Plans.plan(org: "o", groups: [], meters: [.init(meter: "jobs", amount: 2)])
        for hour in 0..<3 {
            _ = try await client.admit(
                Plans.ask(plan, count: 5), nowMs: Plans.nowMs + hour * UsagePeriod.hourMs)
        }
        let hash = usage.keyspace.meters(org: "o", epoch: HotClient.epoch)
        #expect(usage.keyspace.meters(named: hash)?.orgID == "o")
        #expect(usage.keyspace.meters(named: hash)?.epoch == HotClient.epoch)

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
        let first = Plans.nowMs / UsagePeriod.hourMs
        #expect(counters.map(\.field.hour) == [first, first + 1, first + 2])
        #expect(counters.allSatisfy { $0.value == 10 && $0.field.meter == "jobs" && $0.field.keyID == "key_1" })
        _ = try await client.admit(Plans.ask(plan), nowMs: Plans.nowMs)
        #expect(try await usage.forget(Array(counters.prefix(2)), of: hash) == 1, "the first has grown since")
        #expect(try await usage.counters(of: hash).map(\.value).sorted() == [10, 12])
        await usage.redis.close()
        await client.close()
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
