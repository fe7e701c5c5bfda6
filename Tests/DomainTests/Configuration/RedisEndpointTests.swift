import Testing

@testable import Domain

@Suite struct RedisEndpointTests {
    @Test(
        arguments: [
            ("redis://127.0.0.1:6379/0", RedisEndpoint(address: .tcp(host: "127.0.0.1", port: 6379))),
            ("redis://cache.internal", RedisEndpoint(address: .tcp(host: "cache.internal", port: 6379))),
            ("redis://cache.internal/", RedisEndpoint(address: .tcp(host: "cache.internal", port: 6379))),
            ("redis://[::1]:7000/3", RedisEndpoint(address: .tcp(host: "::1", port: 7000), database: 3)),
            ("redis://[::1]", RedisEndpoint(address: .tcp(host: "::1", port: 6379))),
            ("redis://:pw@h", RedisEndpoint(address: .tcp(host: "h", port: 6379), password: "pw")),
            (
                "redis://u:p%40s%2Fs@h:1/2",
                RedisEndpoint(address: .tcp(host: "h", port: 1), database: 2, username: "u", password: "p@s/s")
            ),
            ("unix:///run/redis.sock", RedisEndpoint(address: .unix(path: "/run/redis.sock"))),
            ("unix:///run/redis.sock?db=4", RedisEndpoint(address: .unix(path: "/run/redis.sock"), database: 4)),
        ])
    func `a URL is taken apart`(url: String, expected: RedisEndpoint) throws {
        #expect(try RedisEndpoint(url: url) == expected)
    }

    @Test(
        arguments: [
            "", "localhost:6379", "http://h", "rediss://h", "redis://", "redis://h:0", "redis://h:65536", "redis://h:x",
            "redis://h/x", "redis://h/-1", "redis://user@h", "redis://:%zz@h", "redis://:%4@h", "unix://run/x",
            "unix:///",
            "unix:///x?a=1", "unix:///x?db=x", "unix:///" + String(repeating: "x", count: 107),
        ])
    func `other URLs are refused`(url: String) {
        #expect(throws: RedisEndpointError.self) { try RedisEndpoint(url: url) }
    }

    @Test func `user name and password of the settings go before those of the URL`() throws {
        var settings = RedisSettings()
        settings.url = "redis://a:b@h"
        settings.password = "c"
        #expect(try settings.endpoint().username == "a")
        #expect(try settings.endpoint().password == "c")
    }
}
