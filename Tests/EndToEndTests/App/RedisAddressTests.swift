import Domain
import RedisClient
import Testing

@testable import TollgateApp

struct RedisAddressTests {
    @Test func `every documented form is read`() throws {
        let plain = try #require(RedisAddress.parse("redis://127.0.0.1:6379/0"))
        #expect(plain.endpoint == .tcp(host: "127.0.0.1", port: 6379) && plain.database == 0 && plain.password == nil)
        let full = try #require(RedisAddress.parse("redis://user:p%40s%3As@redis.internal:7000/3"))
        #expect(full.endpoint == .tcp(host: "redis.internal", port: 7000) && full.database == 3)
        #expect(full.username == "user" && full.password == "p@s:s")
        #expect(RedisAddress.parse("redis://:secret@h")?.password == "secret")
        #expect(RedisAddress.parse("redis://[::1]:7000")?.endpoint == .tcp(host: "::1", port: 7000))
        #expect(RedisAddress.parse("redis://[::1]")?.endpoint == .tcp(host: "::1", port: 6379))
        let unix = try #require(RedisAddress.parse("unix:///run/redis.sock?db=2"))
        #expect(unix.endpoint == .unix(path: "/run/redis.sock") && unix.database == 2)
    }

    @Test(arguments: [
        "", "redis://", "http://h", "redis://h:0", "redis://h:99999", "redis://h:x", "redis://h/x", "unix://relative",
        "unix:///p?db=x", "unix:///p?x=1",
    ])
    func `anything else is refused with what was expected`(url: String) throws {
        var settings = RedisSettings()
        settings.url = url
        #expect(throws: CommandFailure.self) { try RedisAddress.configuration(settings) }
    }
}
