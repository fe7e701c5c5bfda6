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
            (
                "redis-cluster://a:7000,b,[::1]:7001",
                RedisEndpoint(
                    address: .cluster([
                        .init(host: "a", port: 7000), .init(host: "b", port: 6379), .init(host: "::1", port: 7001),
                    ]))
            ),
            (
                "redis-cluster://u:p%2C@a/",
                RedisEndpoint(address: .cluster([.init(host: "a", port: 6379)]), username: "u", password: "p,")
            ),
            ("unix:///run/redis.sock", RedisEndpoint(address: .unix(path: "/run/redis.sock"))),
            ("unix:///run/redis.sock?db=4", RedisEndpoint(address: .unix(path: "/run/redis.sock"), database: 4)),
        ])
    func `a URL is taken apart`(url: String, expected: RedisEndpoint) throws {
        #expect(try RedisEndpoint(url: url) == expected)
    }

    @Test(
        arguments: [
            "redis-cluster://", "redis-cluster://a,", "redis-cluster://a,b:0", "redis-cluster://a/1",
            "redis-cluster://a,a", "redis-cluster://a,b,a:6379", "", "localhost:6379", "http://h", "rediss://h",
            "redis://", "redis://h:0", "redis://h:65536", "redis://h:x",
            "redis://h/x", "redis://h/-1", "redis://user@h", "redis://:%zz@h", "redis://:%4@h", "unix://run/x",
            "unix:///",
            "unix:///x?a=1", "unix:///x?db=x", "unix:///" + String(repeating: "x", count: 107),
        ])
    func `other URLs are refused`(url: String) {
        #expect(throws: RedisEndpointError.self) { try RedisEndpoint(url: url) }
    }

    @Test func `a mistake in a cluster's address says which node it is`() {
        #expect(throws: RedisEndpointError(reason: "node 2 of the cluster: the port must be 1 to 65535")) {
            try RedisEndpoint(url: "redis-cluster://a,b:0,c")
        }
        #expect(throws: RedisEndpointError(reason: "node 3 of the cluster: it is named before")) {
            try RedisEndpoint(url: "redis-cluster://a,b,a:6379")
        }
    }

    @Test func `user name and password of the settings go before those of the URL`() throws {
        var settings = RedisSettings()
        settings.url = "redis://a:b@h"
        settings.password = "c"
        #expect(try settings.endpoint().username == "a")
        #expect(try settings.endpoint().password == "c")
    }
}
